"""`sc2-quantize convert-lora`: a PEFT adapter's folder in, a GGUF adapter out."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import DownloadColumn

from quantize.console import complaints, progress_bar
from quantize.lora import prepare_adapter, write_adapter
from quantize.replacing import check_target


class Kind(str, enum.Enum):
    """What the adapter's matrices become."""

    F32 = "f32"
    F16 = "f16"
    BF16 = "bf16"


def convert_lora(
    source: Annotated[Path, typer.Argument(help="Folder with adapter_config.json.")],
    target: Annotated[Path, typer.Argument(help="The GGUF adapter to write.")],
    base: Annotated[
        Path | None,
        typer.Option(help="Folder with config.json of the model that it was trained on."),
    ] = None,
    dtype: Annotated[Kind, typer.Option(help="Numbers of the matrices.")] = Kind.F32,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a LoRA adapter of StarCoder2, as PEFT saves it, as a GGUF adapter."""
    with complaints():
        check_target(target, force)
        adapter = prepare_adapter(source, base)
        with progress_bar(DownloadColumn()) as progress:
            task = progress.add_task("convert", total=adapter.n_source_bytes)
            write_adapter(adapter, target, dtype.value.upper(), lambda n: progress.advance(task, n))
    typer.echo(f"{target}: changes {adapter.n_layers} matrices, {target.stat().st_size:,} bytes")
