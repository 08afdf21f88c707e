"""One gateway with one engine for all tests of this folder that need them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.gateway import Gateway, Recorder, llama_server, running


@pytest.fixture(scope="session")
def engine_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sc2-engine-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def engine_port(engine_folder: Path) -> Iterator[int]:
    """A llama-server with the bundled model."""
    with llama_server(engine_folder) as port:
        yield port


@pytest.fixture
def gateway(engine_port: int) -> Iterator[Gateway]:
    """A gateway of its own, so that no test uses up the limits of another."""
    recorder = Recorder(engine_port)
    with (
        tempfile.TemporaryDirectory(prefix="sc2-gateway-") as folder,
        running(Path(folder), recorder) as gateway,
    ):
        yield gateway
    recorder.close()
