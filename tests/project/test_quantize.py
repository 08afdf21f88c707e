from __future__ import annotations

import pytest
from typer.testing import CliRunner

from quantize import __version__
from quantize.__main__ import app


@pytest.mark.parametrize("arguments", [[], ["model.gguf"], ["--type", "Q4_0"]])
def test_says_that_it_is_not_built_yet(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("sc2-quantize is not built yet")
    assert result.stderr.count("\n") == 1


def test_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"sc2-quantize {__version__}\n")


def test_help() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    assert "Not built yet" in result.stdout
