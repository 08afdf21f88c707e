"""`sc2-quantize run`: convert, quantize and verify in one go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TextColumn

from quantize.commands.convert import Kind
from quantize.console import complaints, errors, progress_bar
from quantize.converting import AUTO, prepare
from quantize.failures import BadInput
from quantize.running import Done, Order
from quantize.running import run as do_run
from quantize.source import find_source
from quantize.type_names import NEEDS_IMATRIX, file_type, override
from quantize.verifying import markdown


def run(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="Folder with config.json and safetensors.")
    ],
    folder: Annotated[Path, typer.Argument(metavar="OUTDIR", help="Where the files go.")],
    kind: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="For example Q4_K_M, Q4_0, Q6_K, IQ4_XS.")
    ],
    corpus: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Code like yours; without it nothing is verified."),
    ] = None,
    imatrix: Annotated[
        bool,
        typer.Option("--imatrix", help="Measure one half of the code first, judge by the other."),
    ] = False,
    dtype: Annotated[Kind, typer.Option(help="What the checkpoint is converted to.")] = Kind.AUTO,
    licence: Annotated[str | None, typer.Option(help="Licence to name in the files.")] = None,
    tensor: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN=TYPE", help="Another type for tensors whose name matches."),
    ] = None,
    imatrix_chunks: Annotated[int, typer.Option(min=1, help="Chunks of 512 tokens.")] = 128,
    verify_chunks: Annotated[int, typer.Option(min=1, help="Chunks of 512 tokens.")] = 32,
    completions: Annotated[int, typer.Option(min=0, help="Pieces to fill in when verifying.")] = 20,
    threads: Annotated[
        int, typer.Option(min=0, help="Threads to use; 0 takes all cores.", show_default=False)
    ] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Convert a checkpoint, quantize it and verify the result, with a manifest of it all.

    Stopped before its end, the same command goes on where it was.
    """
    with complaints():
        order = Order(
            file_type(kind),
            threads or os.cpu_count() or 1,
            tuple(override(text) for text in tensor or ()),
            corpus,
            imatrix,
            imatrix_chunks,
            verify_chunks,
            completions,
        )
        _check(order)
        wanted = AUTO if dtype is Kind.AUTO else dtype.value.upper()
        conversion = prepare(find_source(source), wanted, licence)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"{folder} cannot be made: {error.strerror or error}.") from None
        column = TextColumn("{task.description} {task.percentage:>3.0f} %")
        with progress_bar(column) as progress:
            tasks = {}

            def show(stage: str, share: float) -> None:
                if stage not in tasks:
                    tasks[stage] = progress.add_task(stage, total=1.0)
                progress.update(tasks[stage], completed=share)

            done = do_run(conversion, folder, order, force, show)
        _report(done)


def _check(order: Order) -> None:
    if order.with_imatrix and order.corpus is None:
        raise BadInput("--imatrix needs code to measure: name a folder with --corpus DIR.")
    if order.corpus is not None and not order.corpus.is_dir():
        raise BadInput(f"{order.corpus} is no folder; name one that holds code like yours.")
    if order.type in NEEDS_IMATRIX and not order.with_imatrix:
        raise BadInput(f"{order.type} needs an importance matrix: say --imatrix and --corpus DIR.")


def _report(done: Done) -> None:
    for path in done.files:
        typer.echo(f"{path}: {path.stat().st_size / 1e6:,.1f} MB")
    if done.comparison:
        typer.echo("\n" + markdown(done.comparison))
    else:
        errors.print("Nothing was verified: name a folder of code with --corpus DIR.")
