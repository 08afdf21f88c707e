from __future__ import annotations

from typer.testing import CliRunner

from quantize import __version__
from quantize.cli import app


def test_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"sc2-quantize {__version__}\n")


def test_without_a_command_it_shows_its_help() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 2
    assert "Usage: sc2-quantize" in result.output
