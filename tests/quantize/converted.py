"""The `sc2-quantize convert` command, as tests call it."""

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
