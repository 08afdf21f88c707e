"""A real engine process with the bundled model."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings


@pytest.fixture
async def engine() -> AsyncIterator[EngineClient]:
    client = EngineClient(engine_spec(Settings()), time.monotonic)
    yield client
    await client.close()
