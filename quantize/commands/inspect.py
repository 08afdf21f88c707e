"""`sc2-quantize inspect`: what a file is, for people or, with `--json`, for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from quantize.console import complaints
from quantize.inspecting import Report
from quantize.inspecting import inspect as report_on


def inspect(
    path: Annotated[Path, typer.Argument(help="A GGUF file or the folder of a checkpoint.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False,
) -> None:
    """Say what a GGUF file or a checkpoint is, and what it lacks, without loading it."""
    with complaints():
        report = report_on(path)
        if as_json:
            typer.echo(json.dumps(asdict(report), indent=2))
        else:
            typer.echo("\n".join(_lines(report)))


def _lines(report: Report) -> Iterator[str]:
    yield _row("format", f"{report.format}, {report.bytes:,} bytes")
    yield _row("architecture", report.architecture)
    yield _row("name", report.name)
    yield _row("licence", report.licence)
    yield _row("revision", report.revision)
    yield _row("parameters", f"{report.parameters:,}")
    for what, size in report.sizes.items():
        yield _row(what.replace("_", " "), f"{size:,}")
    for kind, share in report.tensors.items():
        yield _row(f"in {kind}", f"{share['count']:,} tensors, {share['bytes']:,} bytes")
    if report.kv_bytes_per_token:
        yield _row("KV cache", f"{report.kv_bytes_per_token:,} bytes a token in F16")
    ids = ", ".join(f"{kind} {number}" for kind, number in report.special_ids.items())
    yield _row("special ids", ids or None)
    if report.lacks:
        yield _row("lacks", f"the ids of {', '.join(report.lacks)}")


def _row(what: str, value: str | None) -> str:
    """A file may say anything of itself; a terminal shall not take it for its own codes."""
    shown = "not said" if value is None else "".join(c if c.isprintable() else "?" for c in value)
    return f"{what:14}{shown}"
