"""A server that takes prompts, answers questions and writes nothing, or later than usual."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace

import pytest

from sc2_lsp.domain import Generation, GenerationRequest, Priority, StopReason, StopRule
from sc2_lsp.engine.remote import remote as remotes
from sc2_lsp.engine.remote import silence as silences
from sc2_lsp.engine.remote.protocol import Piece, ServerError
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.engine.remote.silence import Silence
from sc2_lsp.engine.remote.standing import Standing
from sc2_lsp.engine.remote.team import TeamEngine
from sc2_lsp.models import engine_spec
from sc2_lsp.ports import EngineUnavailable, RequestLost
from sc2_lsp.settings import Settings
from tests.support.clock import Clock
from tests.support.fake_engine import FakeEngine
from tests.support.fake_llama_server import FakeLlamaServer
from tests.support.scripted_server import Asking, ScriptedServer

REQUEST = GenerationRequest((1, 200, 3, 2), max_tokens=20, deadline_s=20.0, stop=StopRule(1))
OTHER = replace(REQUEST, tokens=(1, 201, 3, 2))
PATIENCE_S = 0.2
GIVE_UP_S = 20.0
READING = Piece("", (), 0, 0.0, "", 64)
WRITING = Piece("x", (100,), 0, 0.0, "")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silences, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(silences, "HEAD_START_S", PATIENCE_S / 2)
    monkeypatch.setattr(silences, "_LEAST_SLICE_S", PATIENCE_S / 10)


class StandIn:
    """Somebody else, who can answer while `is_ready` is set, or never."""

    def __init__(self) -> None:
        self.is_ready = asyncio.Event()
        self.is_ready.set()
        self.is_there = True
        self.n_asked = 0

    async def __call__(self, silent: RemoteEngine | None = None) -> None:
        self.n_asked += 1
        if not self.is_there:
            raise EngineUnavailable("Nobody is there.")
        await self.is_ready.wait()


@pytest.fixture
async def other() -> StandIn:
    return StandIn()


@pytest.fixture
def server() -> ScriptedServer:
    return ScriptedServer()


@pytest.fixture
async def engine(server: ScriptedServer, other: StandIn) -> AsyncIterator[RemoteEngine]:
    engine = RemoteEngine(server, 4096, time.monotonic, lambda: 0.0, stand_in=other)
    assert await engine.ready(), engine.problem
    yield engine
    await engine.close()


async def soon(awaited: Awaitable[object]) -> None:
    await asyncio.wait_for(awaited, GIVE_UP_S)


async def asks(server: ScriptedServer) -> Asking:
    return await asyncio.wait_for(server.asked.get(), GIVE_UP_S)


async def is_left(engine: RemoteEngine, request: GenerationRequest) -> None:
    with pytest.raises(RequestLost) as lost:
        await asyncio.wait_for(engine.generate(request), GIVE_UP_S)
    assert lost.value.engine is engine


async def becomes(condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


async def test_somebody_else_answers_and_what_was_begun_goes_on(
    engine: RemoteEngine, server: ScriptedServer
) -> None:
    await is_left(engine, REQUEST)
    asking = await asks(server)
    assert not asking.is_closed
    # Nothing more is asked of it, and nobody is told anything yet.
    assert not await engine.ready()
    assert (engine.model_name, engine.problem) == (None, "")
    asking.puts("x")
    await becomes(lambda: engine.model_name)
    assert await engine.ready()
    # Now it is known that it takes as long as that.
    assert engine.standing.usual_s >= PATIENCE_S
    assert engine._silence.patience_s >= 3 * PATIENCE_S


async def test_one_that_is_slow_as_ever_is_waited_for(
    engine: RemoteEngine, server: ScriptedServer, other: StandIn
) -> None:
    for _ in range(3):
        engine.standing.add(2 * PATIENCE_S)
    answering = asyncio.ensure_future(engine.generate(REQUEST))
    asking = await asks(server)
    done, _ = await asyncio.wait({answering}, timeout=3 * PATIENCE_S)
    assert not done
    asking.puts("x")
    asking.puts("\n")
    assert (await answering).text == "x"
    assert other.n_asked == 0


async def test_what_has_to_be_read_takes_its_time(
    engine: RemoteEngine, server: ScriptedServer, other: StandIn
) -> None:
    long = replace(REQUEST, tokens=tuple(range(1000, 1000 + 3000)))
    answering = asyncio.ensure_future(engine.generate(long))
    asking = await asks(server)
    # At a thousand tokens a second, until it is known better.
    assert engine._silence.patience_s == pytest.approx(9.0)
    asking.puts("x")
    asking.puts("\n")
    assert (await answering).text == "x"


async def test_who_has_nobody_else_waits_until_the_deadline(
    engine: RemoteEngine, server: ScriptedServer, other: StandIn
) -> None:
    other.is_there = False
    got: Generation = await engine.generate(replace(REQUEST, deadline_s=8 * PATIENCE_S))
    assert got.stop_reason is StopReason.DEADLINE
    assert other.n_asked == 1


async def test_until_the_other_is_ready_the_server_may_still_answer(
    engine: RemoteEngine, server: ScriptedServer, other: StandIn
) -> None:
    other.is_ready.clear()
    answering = asyncio.ensure_future(engine.generate(REQUEST))
    asking = await asks(server)
    await becomes(lambda: other.n_asked)
    done, _ = await asyncio.wait({answering}, timeout=2 * PATIENCE_S)
    assert not done
    asking.puts("x")
    asking.puts("\n")
    assert (await answering).text == "x"


async def test_the_background_is_in_no_hurry(
    engine: RemoteEngine, server: ScriptedServer, other: StandIn
) -> None:
    request = replace(REQUEST, priority=Priority.BACKGROUND, deadline_s=2 * PATIENCE_S)
    got = await engine.generate(request)
    assert got.stop_reason is StopReason.DEADLINE
    assert other.n_asked == 0


async def test_one_that_owes_an_answer_twice_has_to_write_before_it_is_asked(
    engine: RemoteEngine, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remotes, "_LEAST_DEBT_S", PATIENCE_S)
    for request in (REQUEST, OTHER):
        await is_left(engine, replace(request, deadline_s=10 * PATIENCE_S))
        await asks(server)
        await becomes(lambda: engine._owing is None)
    assert not engine.is_ready
    assert "writes nothing" in engine.problem
    engine.standing.forget()
    # As keys do that come later.
    proving = asyncio.ensure_future(becomes_asked(engine, server))
    asking = await asyncio.wait_for(proving, GIVE_UP_S)
    assert asking.n_tokens == 1
    assert not await engine.ready()
    asking.puts("x")
    await becomes(lambda: engine.is_ready)


async def becomes_asked(engine: RemoteEngine, server: ScriptedServer) -> Asking:
    while server.asked.empty():
        engine.try_again()
        await asyncio.sleep(0.01)
    return server.asked.get_nowait()


async def test_one_that_breaks_off_while_it_owes_an_answer_is_away(
    engine: RemoteEngine, server: ScriptedServer
) -> None:
    await is_left(engine, REQUEST)
    (await asks(server)).fails(ServerError("broke off", is_away=True))
    await becomes(lambda: engine.problem)
    assert not engine.is_ready
    assert engine._owing is None


async def test_two_who_wait_at_once_are_both_let_go(
    engine: RemoteEngine, server: ScriptedServer
) -> None:
    await asyncio.gather(is_left(engine, REQUEST), is_left(engine, OTHER))
    (await asks(server)).puts("x")
    await becomes(lambda: engine.model_name)


async def test_the_end_does_not_wait_for_a_debt(
    engine: RemoteEngine, server: ScriptedServer
) -> None:
    await is_left(engine, REQUEST)
    asking = await asks(server)
    await soon(engine.close())
    await becomes(lambda: asking.is_closed)


async def test_whoever_reads_keeps_no_silence(other: StandIn) -> None:
    silence = Silence(lambda: 0.0, other)
    waiting = asyncio.ensure_future(silence.is_too_long())
    for _ in range(12):
        await asyncio.sleep(PATIENCE_S / 4)
        silence.heard(READING)
    assert not waiting.done()
    assert other.n_asked == 0
    await soon(waiting)
    assert other.n_asked == 1


async def test_reading_is_not_writing() -> None:
    silence = Silence(lambda: 0.0, StandIn())
    ending = asyncio.ensure_future(silence.ends_within(6 * PATIENCE_S))
    for _ in range(4):
        await asyncio.sleep(2 * PATIENCE_S)
        silence.heard(READING)
    assert not ending.done()
    silence.heard(WRITING)
    assert await ending
    assert not await silence.ends_within(PATIENCE_S / 10)


def test_one_answer_that_was_late_is_not_what_is_usual() -> None:
    clock = Clock()
    standing = Standing(clock)
    standing.first_s = 0.02
    assert standing.usual_s == 0.02
    standing.add(0.5)
    standing.add_silence(5.0)
    assert standing.usual_s == 0.5
    for seconds in (0.1, 0.2, 0.1):
        standing.add(seconds)
    assert standing.usual_s == 0.2
    # A habit is none that a break ends.
    clock.now_s += 3600.0
    assert standing.usual_s == 0.2
    standing.forget()
    assert standing.usual_s == 0.02


class NotLoaded(FakeEngine):
    """This machine's engine where its weights cannot be used."""

    async def describe(self) -> None:  # type: ignore[override]
        raise EngineUnavailable("The weights cannot be loaded.")


@pytest.fixture
def pair() -> Iterator[list[FakeLlamaServer]]:
    servers = [FakeLlamaServer() for _ in range(2)]
    for server in servers:
        server.start()
    yield servers
    for server in servers:
        server.release()
        server.stop()


async def test_another_of_the_teams_servers_answers_first(pair: list[FakeLlamaServer]) -> None:
    spec = engine_spec(Settings(endpoint=",".join(server.url for server in pair)))
    team = TeamEngine(NotLoaded(), spec, time.monotonic)  # type: ignore[arg-type]
    try:
        silent = await team.for_request()
        assert isinstance(silent, RemoteEngine)
        assert team._remote is not None
        await becomes(lambda: all(one.is_ready for one in team._remote._remotes))  # type: ignore[union-attr]
        for server in pair:
            server.hangs, server.only = True, "/completion"
        await is_left(silent, REQUEST)
        found = await team.for_request([silent])
        assert isinstance(found, RemoteEngine)
        assert found is not silent
        # And the next key goes there at once.
        assert await team.for_request() is found
    finally:
        await team.close()
