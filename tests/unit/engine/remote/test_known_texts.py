"""Tokens of texts are kept for as long as the same model is behind the address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.remote.protocol import Served, ServerError
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.ports import RequestLost
from tests.support.clock import Clock
from tests.support.scripted_server import ScriptedServer

PROBED_AGAIN_S = 6.0


class Changing(ScriptedServer):
    """Answers `texts` only while it is told to; another model has another `first` token."""

    def __init__(self) -> None:
        super().__init__()
        self.first = 1
        self.is_gone = False
        self.texts: list[str] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.waits = asyncio.Event()

    async def probe(self) -> Served:
        if self.is_gone:
            raise ServerError("is gone", is_away=True)
        return Served(f"model {self.first}", 0, 4096, 4096)

    async def tokenize(self, text: str) -> Tokens:
        self.texts.append(text)
        first = self.first
        if not self.answers.is_set():
            self.waits.set()
        await self.answers.wait()
        return (first, *text.encode())


@pytest.fixture
def server() -> Changing:
    return Changing()


@pytest.fixture
async def engine(server: Changing, clock: Clock) -> AsyncIterator[RemoteEngine]:
    engine = RemoteEngine(server, 4096, clock)
    assert await engine.ready()
    assert await engine.tokenize(["a", ""]) == [(1, 97), (1,)]
    yield engine
    await engine.close()


async def probed(engine: RemoteEngine, clock: Clock) -> None:
    clock.now_s += PROBED_AGAIN_S
    engine.try_again()
    assert engine._probing
    await asyncio.wait({engine._probing})


async def test_a_text_is_asked_once(engine: RemoteEngine, server: Changing, clock: Clock) -> None:
    await probed(engine, clock)
    assert await engine.tokenize(["a", "b", ""]) == [(1, 97), (1, 98), (1,)]
    assert server.texts == ["a", "", "b"]


async def test_another_model_is_asked_anew(
    engine: RemoteEngine, server: Changing, clock: Clock
) -> None:
    server.first = 2
    await probed(engine, clock)
    assert await engine.tokenize(["a", ""]) == [(2, 97), (2,)]


@pytest.mark.parametrize("is_gone", [True, False])
async def test_no_tokens_of_two_models_come_together(
    engine: RemoteEngine, server: Changing, clock: Clock, is_gone: bool
) -> None:
    """Nor are texts missed that were known when the others were asked for."""
    server.answers.clear()
    asking = asyncio.ensure_future(engine.tokenize(["a", "b", ""]))
    await server.waits.wait()
    server.first, server.is_gone = 2, is_gone
    await probed(engine, clock)
    server.answers.set()
    with pytest.raises(RequestLost, match="is gone" if is_gone else "another model now"):
        await asking
