"""Options of the whole test run, and the engine that several folders of tests use."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update",
        action="store_true",
        help="rewrite golden texts and rendered tables instead of comparing with them",
    )


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden texts are to be rewritten in this run."""
    return bool(request.config.getoption("--update"))


@pytest.fixture
async def engine() -> AsyncIterator[EngineClient]:
    """A client of an engine process of its own, with the bundled model."""
    client = EngineClient(engine_spec(Settings()), time.monotonic)
    yield client
    await client.close()
