"""For how long a server that has too much to do is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.engine.remote.transport import Transport
from tests.support.clock import Clock
from tests.support.fake_llama_server import FakeLlamaServer

ASKED = {"content": "x", "parse_special": False}


@pytest.fixture
def server() -> Iterator[FakeLlamaServer]:
    server = FakeLlamaServer()
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("said", "pause_s"),
    [
        *((None, 1.0), ("3", 3.0), (" 7 ", 7.0), ("0", 1.0), ("999999", 30.0)),
        *(("-5", 1.0), ("1.5", 1.0), ("", 1.0), ("9" * 5000, 1.0), ("\u0663", 1.0)),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0),
    ],
)
async def test_it_is_asked_again_when_it_said(
    server: FakeLlamaServer, said: str | None, pause_s: float
) -> None:
    clock = Clock()
    transport = Transport(Address(server.url), "llama-server", clock)
    server.status = 429
    server.headers = {} if said is None else {"Retry-After": said.encode().decode("latin-1")}
    try:
        with pytest.raises(ServerError, match="429") as refused:
            await transport.post("/tokenize", ASKED)
        assert not refused.value.is_away
        server.status = 200
        clock.now_s += pause_s - 0.01
        with pytest.raises(ServerError, match="not asked for a while"):
            await transport.post("/tokenize", ASKED)
        with pytest.raises(ServerError, match="not asked for a while"):
            await anext(transport.lines("/completion", ASKED))
        assert len(server.asked) == 1
        # Whether it is there may be asked all the time.
        assert "data" in await transport.get("/v1/models")
        clock.now_s += 0.02
        assert await transport.post("/tokenize", ASKED) == {"tokens": [220]}
    finally:
        await transport.close()
