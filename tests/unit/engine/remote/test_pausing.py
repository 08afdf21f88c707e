"""For how long a server that has too much to do is left alone."""

from __future__ import annotations

import pytest

from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.pausing import Pausing
from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.engine.remote.transport import Transport
from tests.support.clock import Clock
from tests.support.fake_llama_server import FakeLlamaServer

ASKED = {"content": "x", "parse_special": False}


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
    transport = Transport(Address(server.url), "llama-server", clock, spread=lambda: 0.0)
    server.status = 429
    server.headers = {} if said is None else {"Retry-After": said.encode().decode("latin-1")}
    try:
        with pytest.raises(ServerError, match="429") as refused:
            await transport.post("/tokenize", ASKED)
        assert not refused.value.is_away
        assert refused.value.pause_s == pause_s
        server.status = 200
        clock.now_s += pause_s - 0.01
        with pytest.raises(ServerError, match="not asked for a while") as still:
            await transport.post("/tokenize", ASKED)
        assert still.value.pause_s == pytest.approx(0.01)
        with pytest.raises(ServerError, match="not asked for a while"):
            await anext(transport.lines("/completion", ASKED))
        assert len(server.asked) == 1
        # Whether it is there may be asked all the time.
        assert "data" in await transport.get("/v1/models")
        clock.now_s += 0.02
        assert await transport.post("/tokenize", ASKED) == {"tokens": [220]}
    finally:
        await transport.close()


def test_who_does_not_say_is_left_alone_for_longer_each_time() -> None:
    clock = Clock()
    pausing = Pausing(clock, spread=lambda: 0.5)
    pauses = []
    for _ in range(5):
        pauses.append(pausing.begin(""))
        # Of requests that were under way at once, the others tell nothing new.
        assert pausing.begin("") >= pauses[-1]
        clock.now_s += pausing.remaining_s
        assert not pausing.remaining_s
    assert pauses == [1.5, 3.0, 3.0, 3.0, 3.0]
    pausing.end()
    assert pausing.begin("") == 1.5


def test_who_has_time_again_is_asked_within_seconds() -> None:
    clock = Clock()
    pausing = Pausing(clock, spread=lambda: 1.0)
    for _ in range(8):
        assert pausing.begin("") <= 4.0
        clock.now_s += pausing.remaining_s


def test_what_the_server_says_counts_however_often_it_refused() -> None:
    clock = Clock()
    pausing = Pausing(clock, spread=lambda: 1.0)
    for _ in range(8):
        assert pausing.begin("3") == 3.0
        clock.now_s += 3.0
    # A longer pause that is under way is not cut short by another request.
    assert pausing.begin("20") == 20.0
    assert pausing.begin("2") == 20.0
