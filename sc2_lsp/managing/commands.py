"""The `sc2-lsp model` commands as Typer sees them: names in, work elsewhere, one line out."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.progress import DownloadColumn
from rich.table import Table
from rich.text import Text as Rich

from sc2_lsp.console import errors, fail, model_in_force, progress_bar
from sc2_lsp.managing.checking import complaint, difference
from sc2_lsp.managing.listing import Listing
from sc2_lsp.models import catalogue, model_path, own
from sc2_lsp.models.catalogue import Model
from sc2_lsp.settings import Settings

_PIPED_WIDTH = 120

app = typer.Typer(help="List, fetch and choose models.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A name from `model list`.")]
AnyArgument = Annotated[
    str, typer.Argument(metavar="[NAME|PATH]", help="The model in force where nothing is named.")
]


class Progress(str, Enum):
    """How `pull` tells of its progress."""

    BAR = "bar"
    JSON = "json"

    @property
    def is_json(self) -> bool:
        return self is Progress.JSON


@app.callback()
def model() -> None:
    """List, fetch and choose models; nothing is fetched but by `pull`."""


@app.command(name="list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print the models as JSON.")] = False,
) -> None:
    """Show the models that are known by name, which of them are here and which one is used."""
    listed = Listing(model_in_force(), Settings()).to_json()
    if as_json:
        typer.echo(json.dumps(listed, indent=2))
    else:
        _print_table(listed["models"], listed["checkpoints"])


@app.command()
def use(
    model: Annotated[
        str, typer.Argument(metavar="NAME|PATH", help="A name from `model list`, or a GGUF file.")
    ],
) -> None:
    """Use a model from now on, wherever no setting, option or variable names another."""
    known = catalogue.find(model)
    chosen = known.name if known else str(model_path(model).absolute())
    path = _there(known) if known else Path(chosen)
    if known and known.kind == "checkpoint":
        fail(f"{known.name} is a checkpoint; make a GGUF file of it by `sc2-quantize` first.")
    if problem := complaint(path):
        fail(problem)
    _or_fail(lambda: own.choose_model("" if known and known.kind == "bundled" else chosen))
    typer.echo(f"{chosen} is used from the next start of a server on.")


@app.command()
def path(model: AnyArgument = "") -> None:
    """Print where a model is."""
    known = catalogue.find(model or model_in_force() or own.chosen_model())
    found = _there(known) if known else model_path(model or model_in_force()).absolute()
    if not found.exists():
        fail(f"{found} does not exist; `sc2-lsp model list` names the models that are known.")
    typer.echo(str(found))


@app.command()
def pull(
    name: NameArgument,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Agree to the licence of the weights.")
    ] = False,
    progress: Annotated[
        Progress, typer.Option(help="json: a line of JSON on standard output for each step.")
    ] = Progress.BAR,
) -> None:
    """Fetch a model from the Hugging Face hub; the same again goes on where it was interrupted."""
    known = _known(name)
    if known.kind == "bundled":
        _print_path(model_path(name), progress)
        return
    with _cancelled_by_signals(known):
        _agree(known, accept_licence)
        # Nothing else that the program does needs the library for the hub, which takes its time.
        from sc2_lsp.hub.door import HubError
        from sc2_lsp.managing.pulling import pull as fetch

        try:
            with _telling(progress) as tell:
                place = fetch(known, tell)
        except HubError as error:
            fail(str(error))
        except OSError as error:
            fail(f"{error.filename or name} cannot be written: {error.strerror or error}.")
    _print_path(place, progress)
    if known.kind == "gguf" and not progress.is_json:
        errors.print(f"`sc2-lsp model use {known.name}` makes it the one that is used.")


@app.command()
def remove(name: NameArgument) -> None:
    """Remove a model that was fetched, and what has come of one that is not here yet."""
    known = _known(name)
    if known.kind == "bundled":
        fail(f"{known.name} is part of sc2-lsp and stays.")
    try:
        n_bytes = own.remove(known)
    except OSError as error:
        fail(f"{error.filename or known.name} cannot be removed: {error.strerror or error}.")
    if not n_bytes:
        fail(f"Nothing of {known.name} is here.")
    if own.chosen_model() == known.name:
        _or_fail(lambda: own.choose_model(""))
        errors.print("It was in use; from the next start of a server on sc2-tiny is.")
    typer.echo(f"{known.name} is removed, {decimal(n_bytes)}.")


@app.command()
def verify(model: AnyArgument = "") -> None:
    """Read a whole model and compare it with what it was when it was fetched."""
    known = catalogue.find(model or model_in_force() or own.chosen_model())
    found = _there(known) if known else model_path(model or model_in_force()).absolute()
    is_checkpoint = known is not None and known.kind == "checkpoint"
    if not is_checkpoint and (problem := complaint(found)):
        fail(problem)
    if known is None or known.kind == "bundled":
        typer.echo(f"{found} has the header of a StarCoder2 model; nothing says more of it.")
        return
    try:
        problem = difference(known)
    except OSError as error:
        fail(f"{error.filename or found} cannot be read: {error.strerror or error}.")
    if problem:
        fail(problem)
    typer.echo(f"{known.name} is as it was fetched: {found}")


def _known(name: str) -> Model:
    """The model of this name; ends the process where there is none."""
    known = catalogue.find(name)
    if known is None:
        fail(f"'{name}' is no known model; `sc2-lsp model list` names those that are.")
    return known


def _agree(model: Model, is_accepted: bool) -> None:
    """See to it that the user agrees to the licence, once for all models under it."""
    licence = catalogue.licence_of(model)
    if own.is_accepted(licence.id):
        return
    if not is_accepted:
        said = f"{model.title} is under the licence {licence.title}, {licence.url}"
        if not sys.stdin.isatty():
            fail(f"{said}, which has to be accepted first: add --accept-licence.")
        errors.print(f"{said}. {licence.summary}")
        if not typer.confirm("Do you accept it?", err=True):
            fail(f"{model.name} was not fetched.")
    _or_fail(lambda: own.accept(licence.id))


@contextmanager
def _cancelled_by_signals(model: Model) -> Iterator[None]:
    """End the process with the signal's code when it is interrupted, and say what that means."""
    number = signal.SIGINT

    def interrupt(received: int, _frame: object) -> None:
        nonlocal number
        number = signal.Signals(received)
        raise KeyboardInterrupt

    # SIGINT too: a shell script that starts this in the background has it ignored.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, interrupt)
    try:
        yield
    except (KeyboardInterrupt, typer.Abort):
        errors.print(f"Cancelled; `sc2-lsp model pull {model.name}` goes on from here.")
        raise typer.Exit(128 + number) from None


@contextmanager
def _telling(progress: Progress) -> Iterator[Callable[[int, int], None]]:
    """What shows how far a download is: a bar, or lines of JSON."""
    if progress.is_json:
        yield _print_progress
        return
    with progress_bar(DownloadColumn()) as bar:
        task = bar.add_task("", total=None)
        yield lambda n_bytes, n_total: bar.update(task, completed=n_bytes, total=n_total)


def _print_path(path: Path, progress: Progress) -> None:
    typer.echo(json.dumps({"path": str(path)}) if progress.is_json else str(path))


def _print_progress(n_bytes: int, n_total: int) -> None:
    typer.echo(json.dumps({"done_bytes": n_bytes, "total_bytes": n_total}))


def _there(model: Model) -> Path:
    """Where a known model is; ends the process where it is not."""
    found = model_path(model.name)
    if not found.exists():
        fail(f"{model.name} is not downloaded; `sc2-lsp model pull {model.name}` does that.")
    return found


def _or_fail(act: Any) -> None:
    """Do what writes to the disk; ends the process with one sentence where it cannot."""
    try:
        act()
    except OSError as error:
        where = f" to {error.filename}" if error.filename else ""
        fail(f"The choice cannot be written{where}: {error.strerror or error}.")


def _print_table(models: list[dict[str, Any]], checkpoints: list[dict[str, Any]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("Name", no_wrap=True)
    for column in ("Size", "Tokens/s"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("Title")
    table.add_column("")
    for row in models + checkpoints:
        speed = row["expected_tokens_per_s"]
        is_too_large = row in models and not row["fits"]
        table.add_row(
            "*" if row["is_current"] else "",
            Rich(row["name"]),
            decimal(row["size_bytes"]),
            f"~{speed:g}" if speed else "",
            Rich(row["title"]),
            "here" if row["path"] else "too large for this machine" if is_too_large else "",
        )
    width = None if Console().is_terminal else _PIPED_WIDTH
    console = Console(highlight=False, width=width)
    console.print(table)
    console.print("* is used. Sizes of what is not here are rounded, speeds are rough estimates.")
