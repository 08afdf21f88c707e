"""`sc2-quantize verify`: what was lost from A to B."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn

from quantize import charts
from quantize.commands.options import sample
from quantize.console import complaints, errors, progress_bar
from quantize.replacing import check_target
from quantize.verifying import Comparison, compare, markdown

_PASSED, _FAILED = 0, 1


def verify(
    a: Annotated[Path, typer.Argument(metavar="A", help="The GGUF file to compare with.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The GGUF file to judge.")],
    corpus: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of code like yours.")
    ] = None,
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Plain text instead; without completions.")
    ] = None,
    chunks: Annotated[int, typer.Option(min=1, help="The most chunks of 512 tokens.")] = 32,
    completions: Annotated[
        int, typer.Option(min=0, help="How many cut-out pieces both are to fill in.")
    ] = 20,
    threads: Annotated[
        int, typer.Option(min=0, help="Threads to use; 0 takes all cores.", show_default=False)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a page with a curve.")
    ] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw the curve (extra 'plots').")
    ] = None,
    max_kl: Annotated[
        float | None,
        typer.Option(metavar="NATS", help="End with code 1 above this mean KL divergence."),
    ] = None,
    min_same_top: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="End with code 1 below this share, such as 0.95."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Compare two files of one model on code: what did quantizing lose?"""
    with complaints():
        wanted = sample(corpus, text, chunks)
        for path in filter(None, (html, png)):
            check_target(path, force)
        if png:
            charts.check_png()
        with progress_bar(MofNCompleteColumn()) as progress:
            task = progress.add_task("", total=None)
            comparison = compare(
                a,
                b,
                wanted,
                completions,
                threads or os.cpu_count() or 1,
                lambda done, total: progress.update(task, completed=done, total=total),
            )
        if html:
            charts.write_html(html, comparison)
        if png:
            charts.write_png(png, comparison)
        if as_json:
            typer.echo(json.dumps(comparison.as_json(), indent=2))
        else:
            typer.echo(markdown(comparison))
        raise typer.Exit(_verdict(comparison, max_kl, min_same_top))


def _verdict(comparison: Comparison, max_kl: float | None, min_same_top: float | None) -> int:
    figures = comparison.figures
    code = _PASSED
    if max_kl is not None and figures.kl_mean > max_kl:
        errors.print(f"The mean KL divergence {figures.kl_mean:.5f} is above {max_kl}.")
        code = _FAILED
    if min_same_top is not None and figures.same_top < min_same_top:
        errors.print(
            f"The share of tokens with the same likeliest one, {figures.same_top:.4f}, is below "
            f"{min_same_top}."
        )
        code = _FAILED
    return code
