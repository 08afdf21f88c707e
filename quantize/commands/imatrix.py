"""`sc2-quantize imatrix`: what matters in a model's matrices for code like yours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn

from quantize.commands.options import sample
from quantize.console import complaints, progress_bar
from quantize.imatrix import measure
from quantize.replacing import check_target


def imatrix(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A GGUF file, best in F16.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")
    ],
    corpus: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of code like yours.")
    ] = None,
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Plain text instead of a folder.")
    ] = None,
    chunks: Annotated[int, typer.Option(min=1, help="The most chunks of 512 tokens.")] = 128,
    threads: Annotated[
        int, typer.Option(min=0, help="Threads to use; 0 takes all cores.", show_default=False)
    ] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
) -> None:
    """Measure an importance matrix on your own code, for better small quantizations.

    Stopped before its end, the same command goes on where it was. The file holds sums of numbers
    inside the model: nothing of the code.
    """
    with complaints():
        wanted = sample(corpus, text, chunks)
        check_target(output, force)
        with progress_bar(MofNCompleteColumn()) as progress:
            task = progress.add_task("", total=None)
            summary = measure(
                model,
                wanted,
                output,
                threads or os.cpu_count() or 1,
                lambda done, total: progress.update(task, completed=done, total=total),
            )
        resumed = f", {summary.n_resumed} of them by an earlier run" if summary.n_resumed else ""
        typer.echo(
            f"{output}: {summary.n_matrices} matrices, from {summary.n_chunks} chunks of 512 "
            f"tokens{resumed}."
        )
