"""`sc2-quantize convert` and `convert-lora`, as tests call them."""

from __future__ import annotations

from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from quantize.cli import app


def convert(folder: Path, target: Path, kind: str = "auto") -> Path:
    """The GGUF file that the command makes of the checkpoint."""
    result = command(folder, target, "--dtype", kind)
    assert result.exit_code == 0, result.output
    return target


def command(*arguments: object) -> Result:
    """`sc2-quantize convert` with the arguments."""
    return CliRunner().invoke(app, ["convert", *map(str, arguments)])


def convert_lora(folder: Path, target: Path, base: Path, kind: str = "f32") -> Path:
    """The GGUF adapter that the command makes of the one in `folder`."""
    result = lora_command(folder, target, "--base", base, "--dtype", kind)
    assert result.exit_code == 0, result.output
    return target


def lora_command(*arguments: object) -> Result:
    """`sc2-quantize convert-lora` with the arguments."""
    return CliRunner().invoke(app, ["convert-lora", *map(str, arguments)])
