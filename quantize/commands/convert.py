"""`sc2-quantize convert`: a checkpoint's folder in, a GGUF file out."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import DownloadColumn

from quantize.console import complaints, errors, progress_bar
from quantize.converting import AUTO, Conversion, prepare, write
from quantize.replacing import check_target
from quantize.source import find_source
from quantize.tokenizer import FIM_TOKENS


class Kind(str, enum.Enum):
    """What the matrices become; norms and biases are always F32."""

    AUTO = AUTO
    BF16 = "bf16"
    F16 = "f16"
    F32 = "f32"


def convert(
    source: Annotated[
        str, typer.Argument(help="Folder with config.json and safetensors, or a name on the hub.")
    ],
    target: Annotated[Path, typer.Argument(help="The GGUF file to write.")],
    dtype: Annotated[
        Kind, typer.Option(help="Numbers of the matrices; auto: as they are, f16 for f32.")
    ] = Kind.AUTO,
    licence: Annotated[
        str | None, typer.Option(help="Licence to name in the file; else that of README.md.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit of a repository on the hub.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a StarCoder2 checkpoint as a GGUF file, with the fill-in-the-middle ids in it."""
    with complaints():
        check_target(target, force)
        kind = AUTO if dtype is Kind.AUTO else dtype.value.upper()
        conversion = prepare(find_source(source, revision), kind, licence)
        _say_what_is_missing(conversion)
        with progress_bar(DownloadColumn()) as progress:
            task = progress.add_task("convert", total=conversion.n_source_bytes)
            write(conversion, target, lambda n_bytes: progress.advance(task, n_bytes))
    typer.echo(
        f"{target}: {conversion.n_parameters / 1e6:,.1f} M parameters, matrices in "
        f"{conversion.kind}, {target.stat().st_size:,} bytes"
    )


def _say_what_is_missing(conversion: Conversion) -> None:
    if not conversion.metadata.license:
        errors.print(
            "No licence is named in README.md; StarCoder2's weights and what is made of them are "
            "under bigcode-openrail-m: name it with --licence."
        )
    missing = [
        text for kind, text in FIM_TOKENS.items() if kind not in conversion.tokenizer.fim_ids
    ]
    if missing:
        errors.print(f"The vocabulary lacks {', '.join(missing)}; sc2-lsp cannot use such a model.")
