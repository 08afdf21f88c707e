"""The `sc2-lsp model` commands as Typer sees them: names in, work elsewhere, one line out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text as Rich

from sc2_lsp.console import fail, model_in_force
from sc2_lsp.managing.listing import Listing, complaint
from sc2_lsp.models import catalogue, model_path, own
from sc2_lsp.models.catalogue import Model
from sc2_lsp.settings import Settings

_PIPED_WIDTH = 120

app = typer.Typer(help="List, fetch and choose models.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A name from `model list`.")]
AnyArgument = Annotated[
    str, typer.Argument(metavar="[NAME|PATH]", help="The model in force where nothing is named.")
]


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
