"""`sc2-quantize quantize`: a smaller file of the same model."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import DownloadColumn

from quantize.console import complaints, progress_bar
from quantize.failures import BadInput
from quantize.quantizing import Outlook, Wish, outlook
from quantize.quantizing import quantize as write_quantized
from quantize.replacing import check_target
from quantize.type_names import file_type, override


def quantize(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A GGUF file in F32, F16 or BF16.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The GGUF file to write.")],
    kind: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="For example Q4_K_M, Q4_0, Q6_K, IQ4_XS.")
    ],
    imatrix: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An importance matrix for this model.")
    ] = None,
    tensor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN=TYPE",
            help="Another type for the tensors whose name matches; the first that matches counts.",
        ),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=0, help="Threads to use; 0 takes all cores.", show_default=False)
    ] = 0,
    requantize: Annotated[
        bool, typer.Option("--requantize", help="Accept a file that is quantized already.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come out, and write nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it exists.")] = False,
) -> None:
    """Quantize a GGUF file with llama.cpp's own quantizer."""
    with complaints():
        wish = Wish(
            source,
            file_type(kind),
            threads or os.cpu_count() or 1,
            tuple(override(text) for text in tensor or ()),
            imatrix,
            requantize,
        )
        if not dry_run:
            check_target(target, force)
            if target.exists() and source.exists() and target.samefile(source):
                raise BadInput(f"{target} is the file to read; name another file to write.")
        expected = outlook(wish)
        if not dry_run:
            _write(wish, target, expected)
        typer.echo(_report(wish, target, expected, dry_run))


def _write(wish: Wish, target: Path, expected: Outlook) -> None:
    with progress_bar(DownloadColumn()) as progress:
        task = progress.add_task("", total=sum(tensor.bytes_before for tensor in expected.tensors))
        write_quantized(wish, target, expected, lambda n: progress.advance(task, n))


def _report(wish: Wish, target: Path, expected: Outlook, is_dry_run: bool) -> str:
    counts = Counter(tensor.after for tensor in expected.tensors)
    tensors = ", ".join(f"{n} {kind}" for kind, n in counts.most_common())
    verb = "would be" if is_dry_run else "is"
    lines = [
        f"{target} {verb} {wish.type}: {expected.size_before / 1e6:.1f} MB to "
        f"{expected.size_after / 1e6:.1f} MB; tensors: {tensors}."
    ]
    if expected.n_fallbacks:
        lines.append(
            f"{expected.n_fallbacks} tensors have rows that do not fit their type's blocks and "
            "got the nearest type that does."
        )
    return "\n".join(lines)
