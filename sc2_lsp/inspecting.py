"""`sc2-lsp context` and `sc2-lsp index`: what a prompt would show at a place, and what is indexed.

Both bring the index up to date first, as the language server would, and leave it for others.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Optional

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.progress import TextColumn
from rich.table import Table
from rich.text import Text as Rich

from sc2_lsp.completion.context import Context, Shown
from sc2_lsp.completion.service import CompletionService
from sc2_lsp.console import ModelOption, SetOption, errors, fail, progress_bar, settings_of
from sc2_lsp.domain import IndexProgress, Snapshot
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.index.service import is_text
from sc2_lsp.indexing import FolderIndexes
from sc2_lsp.location import Location, LocationError, root_around, snapshot_at
from sc2_lsp.models import engine_spec
from sc2_lsp.ports import EngineError
from sc2_lsp.power import on_battery
from sc2_lsp.settings import Settings
from sc2_lsp.workspace.roots import index_spec, is_too_large
from sc2_lsp.workspace.uris import normal_path, path_of_uri

_PIPED_WIDTH = 120
_MOST_LANGUAGES = 12


def context(
    location: Annotated[
        str,
        typer.Argument(
            metavar="FILE:LINE:COL",
            help="Where the cursor stands: line and column count from 1, columns are characters.",
        ),
    ],
    budget: Annotated[
        Optional[int],  # noqa: UP045  typer on Python 3.10 reads no other form
        typer.Option(min=0, help="Tokens of other files, if not as many as a completion has."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the snippets as JSON.")] = False,
    model: ModelOption = "",
    set_: SetOption = None,
) -> None:
    """Show the code of other files that a prompt would hold at a place, and why."""
    settings = settings_of(model, set_)
    try:
        snapshot = snapshot_at(Location.parse(location))
        shown = asyncio.run(_context(snapshot, settings, budget))
    except (LocationError, EngineError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(shown.to_json(), indent=2))
    else:
        _print_context(shown)


def index(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A folder; the repository around it counts.")
    ] = Path(),
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Throw away what is known and index anew.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    set_: SetOption = None,
) -> None:
    """Bring the index of a repository up to date, and show what is in it and what is not."""
    settings = settings_of("", set_)
    if not path.is_dir():
        fail(f"{path} is no folder.")
    root = root_around(Path(os.path.abspath(path)))  # noqa: PTH100  without `..`, links as they are
    if is_too_large(str(root), str(Path.home())):
        fail(f"{root} is not indexed: name the folder of a repository.")
    if not is_text(os.path.realpath(root)):
        fail(f"{root} is not indexed, as its name is not UTF-8: rename it.")
    if settings.index == "off":
        fail("Nothing is indexed with the setting index=off.")
    try:
        summary = asyncio.run(_summary(root, settings, rebuild=rebuild))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    else:
        _print_summary(summary)


@asynccontextmanager
async def indexed(
    root: Path, settings: Settings, *, rebuild: bool = False
) -> AsyncIterator[FolderIndexes]:
    """Indexes that know the folder `root` as it is now, if the settings want that.

    A bar on standard error shows how far they are.
    """
    indexes = FolderIndexes(are_awaited=True)
    spec = index_spec(settings, [normal_path(str(root))], str(Path.home()))
    try:
        with progress_bar(TextColumn("{task.completed} files")) as progress:
            task = progress.add_task("", total=None)

            def show(now: IndexProgress) -> None:
                progress.update(task, completed=now.n_done, total=now.n_total or None)

            indexes.listen(show, errors.print)
            indexes.configure(replace(spec, watch="off"))
            await indexes.settled()
            if rebuild:
                await indexes.rebuild()
        yield indexes
    finally:
        await indexes.close()


def root_of_snapshot(snapshot: Snapshot) -> Path:
    """The folder to index for a snapshot of a file on disk."""
    path = path_of_uri(snapshot.uri)
    assert path is not None, "it was read from a file"
    return root_around(Path(path).parent)


async def _context(snapshot: Snapshot, settings: Settings, budget: int | None) -> Context:
    settings = msgspec.structs.replace(settings, idle_work="never")
    engine = EngineClient(engine_spec(settings), time.monotonic)
    try:
        async with indexed(root_of_snapshot(snapshot), settings) as indexes:
            service = CompletionService(
                engine, time.monotonic, on_battery, index_for=indexes.index_for
            )
            return await service.context(snapshot, settings, budget)
    finally:
        await engine.close()


async def _summary(root: Path, settings: Settings, *, rebuild: bool) -> dict[str, Any]:
    async with indexed(root, settings, rebuild=rebuild) as indexes:
        (summary,) = await indexes.summaries()
        return summary


def _print_context(context: Context) -> None:
    console = _console()
    if context.snippets:
        table = Table("file", "lines", "source", "why", box=box.SIMPLE)
        table.add_column("tokens", justify="right")
        for shown in context.snippets:
            snippet = shown.snippet
            cells = (snippet.path, _lines(shown), snippet.source, snippet.reason)
            table.add_row(*(Rich(cell, overflow="fold") for cell in cells), f"{shown.n_tokens:,}")
        console.print(table)
    console.print(
        f"{len(context.snippets)} snippets of other files, "
        f"{context.n_tokens:,} of {context.budget:,} tokens."
    )


def _lines(shown: Shown) -> str:
    """The first and the last line of a snippet, counting from 1."""
    snippet = shown.snippet
    first = snippet.start_line
    last = max(snippet.lines, default=first + max(len(snippet.text.splitlines()), 1) - 1)
    return f"{first + 1}" if first == last else f"{first + 1}-{last + 1}"


def _print_summary(summary: dict[str, Any]) -> None:
    console = _console()
    table = Table(box=box.SIMPLE, show_header=False)
    table.add_row("folder", Rich(summary["root"], overflow="fold"))
    table.add_row("state", f"{summary['state']}{_age(summary['age_s'])}")
    table.add_row("files", f"{summary['n_files']:,} of {decimal(summary['n_bytes'])}")
    table.add_row("index", Rich(summary["database"], overflow="fold"))
    table.add_row("", f"{decimal(summary['disk_bytes'])}, {summary['n_pieces']:,} pieces of code")
    table.add_row("languages", Rich(_counts(summary["languages"])))
    table.add_row("left out", Rich(_counts(summary["skipped"]) or "nothing"))
    console.print(table)
    if summary["problem"]:
        errors.print(summary["problem"])


def _counts(counts: dict[str, int]) -> str:
    named = [f"{name} {n:,}" for name, n in list(counts.items())[:_MOST_LANGUAGES]]
    n_others = sum(list(counts.values())[_MOST_LANGUAGES:])
    return ", ".join([*named, *([f"others {n_others:,}"] if n_others else [])])


def _age(age_s: float | None) -> str:
    if age_s is None:
        return ", never finished"
    for unit, seconds in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if age_s >= 2 * seconds:
            return f", looked at {age_s / seconds:.0f} {unit} ago"
    return ", looked at just now"


def _console() -> Console:
    """Where nobody looks lines need not be short."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)
