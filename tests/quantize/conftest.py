"""Models and reference programs that several tests of `sc2-quantize` use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from quantize.cli import app
from tests.quantize.random_models import write_random

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "quantize"

Command = Callable[..., Result]
Tool = Callable[..., str]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model in F16."""
    return write_random(tmp_path_factory.mktemp("models") / "random.gguf")


@pytest.fixture
def command() -> Command:
    """Runs `sc2-quantize` with the arguments."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.fixture(scope="session")
def tool() -> Tool:
    """Runs a program of llama.cpp's with the arguments; what it printed."""
    if "SC2_LLAMA_TOOLS" not in os.environ:
        pytest.fail("llama.cpp's own tools are needed: run 'make e2e-quantize'.")
    folder = Path(os.environ["SC2_LLAMA_TOOLS"])

    def run(name: str, *arguments: object) -> str:
        done = subprocess.run(
            [folder / name, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:]
        return done.stdout

    return run
