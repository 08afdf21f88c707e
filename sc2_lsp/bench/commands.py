"""The `sc2-lsp bench` commands as Typer sees them: options in, work elsewhere, one line out."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from sc2_lsp.bench.failure import BenchError
from sc2_lsp.bench.shapes import SHAPES, Mix, weight_bytes

app = typer.Typer(help="Measure what a model costs on this machine.", no_args_is_help=True)

_errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

ShapeName = Enum("ShapeName", {name: name for name in SHAPES}, type=str)  # type: ignore[misc]


@app.callback()
def bench() -> None:
    """Measure what a model costs on this machine."""


@app.command()
def synth(
    out: Annotated[Path, typer.Argument(metavar="OUT.gguf", help="The file to write.")],
    shape: Annotated[ShapeName, typer.Option(help="Whose sizes the model has.")],
    quant: Annotated[Mix, typer.Option(help="Quantization type.")] = Mix.Q4_K_M,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT.gguf.")] = False,
) -> None:
    """Write a model of StarCoder2's exact shape with random weights, to measure speed with."""
    if out.exists() and not force:
        _fail(f"{out} exists already; name another file or give --force.")
    if out.is_dir():
        _fail(f"{out} is a folder; name a file.")
    # Every start of the language server reads this module, and NumPy and gguf take their time.
    from sc2_lsp.bench.synth import write

    sizes = SHAPES[shape.value]
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=_errors, transient=True) as progress:
            task = progress.add_task("", total=weight_bytes(sizes, quant))
            n_bytes = write(out, sizes, quant, lambda n: progress.advance(task, n))
    except BenchError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    typer.echo(f"{out}: {n_bytes / 1e6:,.0f} MB of random {quant.value} weights, {shape.value}.")


def _fail(message: str) -> NoReturn:
    _errors.print(message)
    raise typer.Exit(2)
