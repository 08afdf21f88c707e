"""Several servers: a session stays with one, and goes to another when that one is worse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sc2_lsp.domain import GenerationRequest, StopRule
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.engine.remote.several import Several
from sc2_lsp.engine.remote.standing import Standing
from sc2_lsp.engine.remote.team import TeamEngine
from sc2_lsp.launching import KEY_VARIABLE
from sc2_lsp.models import engine_spec, own
from sc2_lsp.ports import EngineError
from sc2_lsp.settings import Settings
from tests.support.clock import Clock
from tests.support.fake_engine import FakeEngine
from tests.support.fake_engines import FakeVllm
from tests.support.fake_llama_server import FakeLlamaServer

REQUEST = GenerationRequest((1, 200, 3, 2), max_tokens=20, deadline_s=20.0, stop=StopRule(100))
OTHER = replace(REQUEST, tokens=(1, 201, 3, 2))


class Remote:
    """As much of a `RemoteEngine` as a choice needs."""

    problem = ""

    def __init__(self, clock: Clock, first_s: float) -> None:
        self.standing = Standing(clock)
        self.standing.first_s = first_s
        self.is_ready = True
        self.n_attempts = 0

    async def ready(self) -> bool:
        return self.is_ready

    def try_again(self) -> None:
        self.n_attempts += 1

    def answered(self, seconds: float, times: int) -> None:
        for _ in range(times):
            self.standing.add(seconds)


def several(*remotes: Remote, chance: float = 0.0) -> Several:
    return Several(remotes, lambda: chance)  # type: ignore[arg-type]


async def test_the_first_choice_is_among_the_quickest(clock: Clock) -> None:
    far, near, next_door = Remote(clock, 0.5), Remote(clock, 0.01), Remote(clock, 0.012)
    for chance, chosen in ((0.0, near), (0.49, near), (0.5, next_door), (0.999, next_door)):
        one = several(far, near, next_door, chance=chance)
        far.is_ready = False
        assert await one.choose(None) is chosen
        far.is_ready = True
        assert await one.choose(None) is chosen


async def test_a_session_stays_where_its_prompts_are(clock: Clock) -> None:
    here, other = Remote(clock, 0.2), Remote(clock, 0.01)
    both = several(here, other)
    here.answered(0.9, 8)
    for _ in range(5):
        assert await both.choose(None) is here


async def test_who_lets_wait_is_left_for_who_does_not(clock: Clock) -> None:
    here, other = Remote(clock, 0.01), Remote(clock, 0.01)
    both = several(here, other)
    here.answered(3.0, 4)
    assert await both.choose(None) is here
    here.answered(3.0, 1)
    assert await both.choose(None) is other
    # Of two that are slow none is worth reading everything anew.
    other.answered(2.0, 8)
    assert await both.choose(None) is other
    # What was long ago counts no more.
    clock.now_s += 100.0
    other.answered(2.0, 8)
    assert await both.choose(None) is here


async def test_who_lost_a_request_does_not_get_it_again(clock: Clock) -> None:
    here, other = Remote(clock, 0.01), Remote(clock, 0.01)
    both = several(here, other)
    assert await both.choose(None) is here
    assert await both.choose(here) is other  # type: ignore[arg-type]
    alone = several(here)
    assert await alone.choose(here) is None  # type: ignore[arg-type]
    assert await alone.choose(None) is here


async def test_all_are_away(clock: Clock) -> None:
    here, other = Remote(clock, 0.01), Remote(clock, 0.01)
    here.is_ready = other.is_ready = False
    both = several(here, other)
    assert await both.choose(None) is None
    both.try_again()
    assert (here.n_attempts, other.n_attempts) == (1, 1)
    other.is_ready = True
    assert await both.choose(None) is other


@pytest.fixture
def servers() -> Iterator[tuple[FakeLlamaServer, FakeLlamaServer]]:
    one, two = FakeLlamaServer(pieces=[("one", 99)]), FakeVllm(pieces=[("two", 99)])
    one.start()
    two.start()
    yield one, two
    for server in (one, two):
        if server._is_up:
            server.stop()


Servers = tuple[FakeLlamaServer, FakeLlamaServer]


@pytest.fixture
async def team_at(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[str], TeamEngine]]:
    monkeypatch.setenv(own.CONFIG_VARIABLE, str(tmp_path))
    monkeypatch.setenv(KEY_VARIABLE, "key-4f1c")
    teams = []

    def at(endpoint: str) -> TeamEngine:
        spec = engine_spec(Settings(endpoint=endpoint))
        teams.append(TeamEngine(FakeEngine(), spec, clock))  # type: ignore[arg-type]
        return teams[-1]

    yield at
    for team in teams:
        await team.close()


async def answer(team: TeamEngine, request: GenerationRequest = REQUEST) -> str:
    return (await (await team.for_request()).generate(request)).text


async def test_when_one_is_gone_the_other_answers(
    servers: Servers, team_at: Callable[[str], TeamEngine], clock: Clock
) -> None:
    one, two = servers
    one.hangs = True
    team = team_at(f"{one.url},{two.url}#sc2")
    assert await answer(team) == "two"
    assert (team.state, team.answering) == ("ready", "sc2")
    one.hangs = False
    # It is back, and nobody moves for that.
    clock.now_s += 10.0
    assert await answer(team) == "two"
    two.stop()
    # What was asked before would be known without it. Who it is was asked anew just now, so that
    # it may be known by now that nobody is there.
    with suppress(EngineError):
        assert await answer(team, OTHER) == "one"
    for _ in range(500):
        engine = await team.for_request()
        if isinstance(engine, RemoteEngine):
            break
        clock.now_s += 0.1
        await asyncio.sleep(0.01)
    assert (await engine.generate(REQUEST)).text == "one"
    assert team.answering == "team.gguf"


async def test_when_all_are_gone_this_machine_answers_and_says_why(
    servers: Servers, team_at: Callable[[str], TeamEngine]
) -> None:
    one, two = servers
    one.status, two.status = 503, 401
    team = team_at(f"{one.url} {two.url}")
    assert await answer(team) == "pass"
    notice = (await (await team.for_request()).describe()).notice
    assert notice == (
        f"The server {one.url} answers 503; the server {two.url} refuses the key (401); "
        "the model of this machine answers until one of them does."
    )


async def test_nothing_is_asked_where_one_may_not_be(
    servers: Servers, team_at: Callable[[str], TeamEngine]
) -> None:
    one, _ = servers
    team = team_at(f"{one.url},http://models.example.org")
    assert await answer(team) == "pass"
    assert "without TLS" in (await (await team.for_request()).describe()).notice
    assert not one.asked
