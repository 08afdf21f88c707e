"""`sc2-lsp stats`: what became of the suggestions that were recorded."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from sc2_lsp import replacing
from sc2_lsp.console import errors, fail
from sc2_lsp.record import store
from sc2_lsp.record.page import page
from sc2_lsp.record.summary import summary

_SECONDS = {"h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGO = re.compile(r"(\d{1,6})([hdw])")
_NOTHING = "Nothing is recorded: set `record` to true in your editor, and use suggestions."


def stats(
    since: Annotated[
        str,
        typer.Option(metavar="TIME", help="How far back: 12h, 30d, 8w, or a day as 2026-01-31."),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    html: Annotated[
        Optional[Path],  # noqa: UP045  typer on Python 3.10 reads no other form
        typer.Option(metavar="FILE", help="Write a page with plots."),
    ] = None,
) -> None:
    """Show how many suggestions you accepted, if the setting `record` kept count."""
    since_s = _since_s(since, time.time())
    try:
        entries = store.read(store.default_file(), since_s)
    except store.RecordError as error:
        fail(str(error))
    figures = summary(entries)
    if html is not None:
        title = f"Suggestions of sc2-lsp{f' since {since}' if since else ''}"
        _write(html, page(entries, title))
    if as_json:
        typer.echo(json.dumps({"since": since or None, **figures}, indent=2))
    elif not entries:
        errors.print(_NOTHING if not since else f"Nothing is recorded since {since}.")
    else:
        _print(figures)


def _since_s(since: str, now_s: float) -> float:
    """Unix time; ends the process where it cannot be told."""
    if not since:
        return 0.0
    if ago := _AGO.fullmatch(since):
        return now_s - int(ago[1]) * _SECONDS[ago[2]]
    try:
        return datetime.strptime(since, "%Y-%m-%d").astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        fail(f"--since {since} is no time: write 12h, 30d, 8w or a day as 2026-01-31.")


def _write(file: Path, text: str) -> None:
    """Put `text` into `file`, whole or not at all; ends the process where it cannot."""
    try:
        replacing.put(file, text.encode(), 0o600)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror or error}.")


def _print(figures: dict[str, Any]) -> None:
    table = Table("", box=box.SIMPLE)
    for name in ("given", "accepted", "typed", "rejected", "passed", "rate"):
        table.add_column(name, justify="right")
    table.add_column("characters accepted", justify="right")
    table.add_column("p50 / p95", justify="right")
    for name, row in {"all": figures, **figures["by_language"]}.items():
        rate, latency = row["acceptance_rate"], row["latency_ms"]
        table.add_row(
            name or "plain text",
            *(f"{row[fate]:,}" for fate in ("given", "accepted", "typed", "rejected", "passed")),
            "" if rate is None else f"{rate:.0%}",
            f"{row['chars_accepted']:,}",
            f"{latency['p50']:,.0f} / {latency['p95']:,.0f} ms",
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=120)
    console.print(table)
