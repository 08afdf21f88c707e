from __future__ import annotations

from collections.abc import Iterator

import pytest

from sc2_lsp.engine.remote import pulse, remote, silence
from tests.support.clock import Clock
from tests.support.fake_llama_server import FakeLlamaServer


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in on a busy machine is not taken for gone, where that is not what is tested."""
    if not request.module.__name__.endswith("test_pulse"):
        monkeypatch.setattr(pulse, "PATIENCE_S", 10.0)
    if not request.module.__name__.endswith("test_silence"):
        monkeypatch.setattr(silence, "PATIENCE_S", 10.0)
    if request.module.__name__.endswith(("test_several", "test_engines")):
        monkeypatch.setattr(remote, "_FIRST_WAIT_S", 10.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[FakeLlamaServer]:
    server = FakeLlamaServer()
    server.start()
    yield server
    server.stop()
