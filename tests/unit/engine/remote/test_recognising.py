"""A server that was restarted between two requests, with another model or the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sc2_lsp.domain import Generation, GenerationRequest, StopRule
from sc2_lsp.engine.remote.protocol import Served, ServerError
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.ports import RequestLost
from tests.support.clock import Clock
from tests.support.scripted_server import Asking, ScriptedServer

HERE = tuple(range(1000, 1400))
REQUEST = GenerationRequest(HERE, max_tokens=20, deadline_s=20.0, stop=StopRule(1))
NEXT = replace(REQUEST, tokens=(*HERE, 7))
GIVE_UP_S = 20.0


class Server(ScriptedServer):
    """Says who it is once the test lets it, and fails where there is an `error`."""

    def __init__(self) -> None:
        super().__init__()
        self.n_probes = 0
        self.may_tell = asyncio.Event()
        self.may_tell.set()
        self.error: ServerError | None = None

    async def probe(self) -> Served:
        self.n_probes += 1
        await self.may_tell.wait()
        if self.error is not None:
            raise self.error
        return await super().probe()


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def engine(server: Server, clock: Clock) -> AsyncIterator[RemoteEngine]:
    engine = RemoteEngine(server, 4096, clock, lambda: 1.0)
    assert await engine.ready()
    first, asking = await asks(engine, server, REQUEST)
    # All of the first prompt has to be read, which is no reason to ask anything.
    asking.puts("x", 90, n_evaluated=len(HERE))
    asking.puts("\n", 91)
    assert (await first).text == "x"
    assert server.n_probes == 1
    clock.now_s += 1.0
    yield engine
    await engine.close()


async def asks(
    engine: RemoteEngine, server: Server, request: GenerationRequest
) -> tuple[asyncio.Task[Generation], Asking]:
    """A request under way, and what of it has come to the server."""
    task = asyncio.ensure_future(engine.generate(request))
    return task, await asyncio.wait_for(server.asked.get(), GIVE_UP_S)


async def idle() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def test_who_holds_what_it_has_read_is_asked_nothing(
    engine: RemoteEngine, server: Server
) -> None:
    answering, asking = await asks(engine, server, NEXT)
    asking.puts("y", 92, n_evaluated=2)
    asking.puts("\n", 93)
    assert (await answering).text == "y"
    assert server.n_probes == 1


async def test_nothing_is_shown_before_it_says_who_it_is(
    engine: RemoteEngine, server: Server
) -> None:
    server.may_tell.clear()
    answering, asking = await asks(engine, server, NEXT)
    asking.puts("y", 92, n_evaluated=len(HERE) + 1)
    asking.puts("\n", 93)
    await idle()
    assert server.n_probes == 2
    assert not answering.done()
    # Nor what the next key finds of it.
    later = asyncio.ensure_future(engine.generate(replace(NEXT, tokens=(*NEXT.tokens, 92))))
    await idle()
    assert not later.done()
    server.may_tell.set()
    assert (await answering).text == "y"
    await later
    assert server.n_probes == 2


async def test_another_model_is_not_shown(engine: RemoteEngine, server: Server) -> None:
    server.may_tell.clear()
    server.error = ServerError("has other.gguf, which is no StarCoder2 model", is_away=True)
    answering, asking = await asks(engine, server, NEXT)
    asking.puts("y", 92, n_evaluated=len(HERE) + 1)
    asking.puts("\n", 93)
    await idle()
    server.may_tell.set()
    with pytest.raises(RequestLost, match="no StarCoder2 model") as lost:
        await answering
    assert lost.value.engine is engine
    assert not await engine.ready()


async def test_a_question_that_was_asked_before_is_not_asked_twice(
    engine: RemoteEngine, server: Server
) -> None:
    server.may_tell.clear()
    engine._retry_at_s = 0.0
    engine.try_again()
    answering, asking = await asks(engine, server, NEXT)
    asking.puts("y", 92, n_evaluated=len(HERE) + 1)
    asking.puts("\n", 93)
    await idle()
    assert not answering.done()
    server.may_tell.set()
    assert (await answering).text == "y"
    assert server.n_probes == 2


async def test_it_shows_when_it_sets_out_to_read_anew(engine: RemoteEngine, server: Server) -> None:
    answering, asking = await asks(engine, server, NEXT)
    asking.reads(len(HERE))
    await idle()
    assert server.n_probes == 1
    asking.puts("y", 92)
    asking.puts("\n", 93)
    assert (await answering).text == "y"
    server.error = ServerError("has other.gguf, which is no StarCoder2 model", is_away=True)
    answering, asking = await asks(engine, server, replace(NEXT, tokens=(*HERE, 8)))
    asking.reads(0)
    with pytest.raises(RequestLost, match="no StarCoder2 model"):
        await asyncio.wait_for(answering, GIVE_UP_S)
    assert server.n_probes == 2


async def test_one_that_often_forgets_is_not_asked_each_time(
    engine: RemoteEngine, server: Server, clock: Clock
) -> None:
    for number in range(100, 110):
        answering, asking = await asks(engine, server, replace(NEXT, tokens=(*HERE, number)))
        asking.reads(0)
        asking.puts("y", 92)
        asking.puts("\n", 93)
        assert (await answering).text == "y"
        clock.now_s += 0.1
    # The one of the beginning, and one each 0.4 seconds.
    assert server.n_probes in (3, 4)


async def test_it_shows_while_it_writes(engine: RemoteEngine, server: Server) -> None:
    server.error = ServerError("has other.gguf, which is no StarCoder2 model", is_away=True)
    answering, asking = await asks(engine, server, NEXT)
    asking.puts("y", 92, n_evaluated=len(HERE) + 1)
    with pytest.raises(RequestLost, match="no StarCoder2 model"):
        await asyncio.wait_for(answering, GIVE_UP_S)


async def test_one_that_does_not_say_so_until_the_deadline_is_left(
    engine: RemoteEngine, server: Server
) -> None:
    server.may_tell.clear()
    answering, asking = await asks(engine, server, replace(NEXT, deadline_s=0.2))
    asking.puts("y", 92, n_evaluated=len(HERE) + 1)
    asking.puts("\n", 93)
    with pytest.raises(RequestLost, match="does not say who it is"):
        await asyncio.wait_for(answering, GIVE_UP_S)
