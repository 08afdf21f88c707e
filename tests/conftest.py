"""Options of the whole test run, and the engine that several folders of tests use."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sc2_lsp.engine import states
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.rendezvous import FOLDER_VARIABLE
from sc2_lsp.index import place
from sc2_lsp.models import engine_spec, own
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


@pytest.fixture(scope="session", autouse=True)
def runtime_folder() -> Iterator[Path]:
    """Where engines, indexes and choices of this run are found and kept; nobody's own."""
    # The paths that pytest makes are too long for a socket on some systems.
    folder = Path(tempfile.mkdtemp(prefix="sc2-", dir="/tmp" if Path("/tmp").is_dir() else None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        patch.setenv(states.FOLDER_VARIABLE, str(folder / "states"))
        patch.setenv(place.FOLDER_VARIABLE, str(folder / "index"))
        patch.setenv(own.CONFIG_VARIABLE, str(folder / "config"))
        patch.setenv(own.MODELS_VARIABLE, str(folder / "models"))
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def engine() -> AsyncIterator[EngineClient]:
    """A client of an engine process of its own, with the bundled model."""
    client = EngineClient(engine_spec(Settings(warm_start_mb=0)), time.monotonic)
    yield client
    await client.close()
