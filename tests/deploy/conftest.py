"""One gateway with one engine for all tests of this folder that need them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.engines import Loading, Recorder
from tests.deploy.gateway import Gateway, llama_server, running


@pytest.fixture(scope="session")
def engine_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sc2-engine-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def engine_port(engine_folder: Path) -> Iterator[int]:
    """A llama-server with the bundled model."""
    with llama_server(engine_folder) as port:
        yield port


@contextmanager
def in_front_of(engine_port: int, **options: Any) -> Iterator[Gateway]:
    recorder = Recorder(engine_port)
    with (
        tempfile.TemporaryDirectory(prefix="sc2-gateway-") as folder,
        running(Path(folder), recorder, **options) as gateway,
    ):
        yield gateway
    recorder.close()


@pytest.fixture
def gateway(engine_port: int) -> Iterator[Gateway]:
    """A gateway of its own, so that no test uses up the limits of another."""
    with in_front_of(engine_port) as gateway:
        yield gateway


@pytest.fixture
def slow_gateway(engine_port: int) -> Iterator[Gateway]:
    """One that allows the bursts but hardly anything afterwards, so that they can be counted."""
    rates = {"rate=10r/s": "rate=1r/m", "rate=50r/s": "rate=1r/m"}
    with in_front_of(engine_port, changes=rates) as gateway:
        yield gateway


@pytest.fixture
def vllm_gateway(engine_port: int) -> Iterator[Gateway]:
    """One with the table of vLLM; llama-server, which has the same path, stands in for it."""
    with in_front_of(engine_port, routes="vllm") as gateway:
        yield gateway


@pytest.fixture
def two_engines(engine_port: int) -> Iterator[tuple[Gateway, Recorder, Recorder]]:
    """A gateway with two ways to the engine, as with two replicas."""
    second = Recorder(engine_port)
    with in_front_of(engine_port, more_ports=(second.port,)) as gateway:
        yield gateway, gateway.recorder, second
    second.close()


@pytest.fixture
def half_loaded(engine_port: int) -> Iterator[tuple[Gateway, Loading]]:
    """A gateway with one engine that serves and one that still loads, as during an upgrade."""
    loading = Loading()
    with in_front_of(engine_port, more_ports=(loading.port,)) as gateway:
        yield gateway, loading
    loading.close()
