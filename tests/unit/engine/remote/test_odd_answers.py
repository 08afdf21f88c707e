"""Whatever JSON a server answers with, it is understood or refused: nothing else is raised."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest

from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.finding import AnyServer
from sc2_lsp.engine.remote.protocol import Served, ServerError
from sc2_lsp.engine.remote.remote import RemoteEngine
from tests.support.clock import Clock
from tests.support.fake_engines import FakeLlamaCppPython, FakeOllama, FakeOpenAi, FakeTgi, FakeVllm
from tests.support.fake_llama_server import FakeLlamaServer
from tests.support.scripted_server import ScriptedServer

MAKERS = (FakeLlamaServer, FakeVllm, FakeLlamaCppPython, FakeOpenAi, FakeOllama, FakeTgi)
DEEP = "[" * 100_000 + "]" * 100_000
ODD = ('"many"', "[6]", "-1", "1e999")
_MARK = "@odd@"

Way = tuple[str | int, ...]
"""How to come to a value within others: keys and numbers."""


@dataclass
class Twist:
    """Puts `odd` at `way` into the answer number `number` to `path`; remembers usual ones."""

    path: str = ""
    number: int = 0
    way: Way = ()
    odd: str = ""
    usual: dict[tuple[str, int], Any] = field(default_factory=dict)

    def __call__(self, path: str, number: int, text: str) -> str:
        if not self.odd:
            self.usual.setdefault((path, number), json.loads(text))
        if (path, number) != (self.path, self.number) or not self.odd:
            return text
        return json.dumps(_with(json.loads(text), self.way)).replace(f'"{_MARK}"', self.odd)


def _with(value: Any, way: Way) -> Any:
    """The same with the mark at `way`; unchanged where there is no such place any more."""
    if not way:
        return _MARK
    first, *rest = way
    if isinstance(value, list) and isinstance(first, int) and first < len(value):
        return [*value[:first], _with(value[first], tuple(rest)), *value[first + 1 :]]
    if isinstance(value, dict) and first in value:
        return {**value, first: _with(value[first], tuple(rest))}
    return value


def ways(value: Any) -> Iterator[Way]:
    """All places; of a list the first one, since the others are like it."""
    yield ()
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))[:1]
    for key, one in inner:
        yield from ((key, *way) for way in ways(one))


def twisted(make: type[FakeLlamaServer], twist: Twist) -> FakeLlamaServer:
    class Odd(make.handler):  # type: ignore[misc, name-defined]
        def send(self, status: int, body: str) -> None:
            super().send(status, twist(self.path, 0, body) if status == 200 else body)

        def stream(self, messages: list[str], first: str = "") -> None:
            super().stream([self.one(n, text) for n, text in enumerate([first, *messages])])

        def one(self, number: int, text: str) -> str:
            before, brace, rest = text.partition("{")
            if not brace:
                return text
            line, end, after = rest.partition("\n")
            return before + twist(self.path, number, brace + line) + end + after

    class Server(make):  # type: ignore[misc, valid-type]
        handler = Odd

    return Server(pieces=[("a", 100), ("b", 101)])


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[tuple[FakeLlamaServer, Twist]]:
    twist = Twist()
    fake = twisted(request.param, twist)
    fake.start()
    yield fake, twist
    await asyncio.to_thread(fake.stop)


class Asking:
    """Asks a server what it is, and to write, with a client that is new where the last did."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._server: AnyServer | None = None

    async def probe(self) -> Served | None:
        server = self._server or AnyServer(Address(self._url), "", 2048)
        self._server = server
        try:
            served = await server.probe()
        except ServerError:
            return None
        await self.close()
        assert min(served.n_ctx, served.n_params, served.n_ctx_train, served.n_vocab) >= 0
        return served

    async def close(self) -> None:
        if self._server is not None:
            await self._server.close()
        self._server = None


async def test_what_it_says_of_itself(server: tuple[FakeLlamaServer, Twist]) -> None:
    fake, twist = server
    asking = Asking(fake.url)
    assert await asking.probe()
    assert twist.usual
    n_refused = 0
    for (path, number), usual in list(twist.usual.items()):
        for way in ways(usual):
            for odd in (*ODD, DEEP) if way == () else ODD:
                twist.path, twist.number, twist.way, twist.odd = path, number, way, odd
                n_refused += await asking.probe() is None
    await asking.close()
    assert n_refused > 10


async def test_what_it_writes(server: tuple[FakeLlamaServer, Twist]) -> None:
    fake, twist = server
    asked = AnyServer(Address(fake.url), "", 2048)
    await asked.probe()
    twist.usual.clear()

    async def write() -> bool:
        try:
            async with aclosing(asked.write((100,), 3, "")) as pieces:
                return bool([piece async for piece in pieces])
        except ServerError as error:
            if error.is_away:
                await asked.probe()
            return False

    assert await write()
    n_refused = 0
    for (path, number), usual in list(twist.usual.items()):
        for way in ways(usual):
            for odd in (*ODD, DEEP) if way == () else ODD:
                twist.path, twist.number, twist.way, twist.odd = path, number, way, odd
                n_refused += not await write()
    await asked.close()
    assert n_refused > 3


async def test_what_nobody_has_thought_of_is_a_loss(clock: Clock) -> None:
    class Bug(ScriptedServer):
        async def probe(self) -> Served:
            raise ZeroDivisionError("of code that nobody is to read")

    engine = RemoteEngine(Bug(), 2048, clock)
    assert not await engine.ready()
    assert engine.problem == "does not answer as any would (ZeroDivisionError)"
    assert not await engine.ready()
    await engine.close()
