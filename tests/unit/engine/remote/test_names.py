from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sc2_lsp.engine.remote import names
from sc2_lsp.engine.remote.names import FRESH_S, MOST_LOOK_UPS, Names
from tests.support.clock import Clock

HOST = "models.test"


class Resolver:
    """Takes the place of the system's; answers while `may_answer`."""

    def __init__(self) -> None:
        self.addresses = ["192.0.2.1", "192.0.2.2"]
        self.error: Exception | None = None
        self.n_asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, host: str, port: None, type: int) -> list[Any]:
        self.n_asked += 1
        self.may_answer.wait(20)
        if self.error is not None:
            raise self.error
        return [(socket.AF_INET, type, 6, "", (address, 0)) for address in self.addresses]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    resolver = Resolver()
    monkeypatch.setattr(names.socket, "getaddrinfo", resolver)
    yield resolver
    resolver.may_answer.set()


class Question:
    """One that a thread waits with until it is told what to say."""

    def __init__(self) -> None:
        self._thread = threading.current_thread()
        self._reply: queue.Queue[str | None] = queue.Queue()

    def answer(self, address: str) -> None:
        self._reply.put(address)

    def fail(self) -> None:
        self._reply.put(None)

    async def returned(self) -> None:
        """Once what it brought was taken in."""
        await asyncio.to_thread(self._thread.join, 20)
        assert not self._thread.is_alive()

    def wait(self) -> str:
        reply = self._reply.get(timeout=20)
        if reply is None:
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        return reply


class Stuck:
    """A resolver each of whose questions is answered, in any order, by the test."""

    def __init__(self) -> None:
        self._questions: list[Question] = []
        self._changed = threading.Condition()
        self.n_asked = 0

    def __call__(self, host: str, port: None, type: int) -> list[Any]:
        question = Question()
        with self._changed:
            self._questions.append(question)
            self.n_asked += 1
            self._changed.notify_all()
        return [(socket.AF_INET, type, 6, "", (question.wait(), 0))]

    async def asked(self, number: int) -> Question:
        """The question of that number, from 1, once it was asked."""

        def wait() -> Question:
            with self._changed:
                assert self._changed.wait_for(lambda: len(self._questions) >= number, timeout=20)
            return self._questions[number - 1]

        return await asyncio.to_thread(wait)

    def release(self) -> None:
        for question in self._questions:
            question.fail()


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stuck]:
    stuck = Stuck()
    monkeypatch.setattr(names.socket, "getaddrinfo", stuck)
    yield stuck
    stuck.release()


async def test_an_answer_is_kept_for_a_while(resolver: Resolver) -> None:
    clock = Clock(0.0)
    known = Names(clock)
    assert await known.addresses(HOST, 1.0) == ("192.0.2.1", "192.0.2.2")
    known.prefer(HOST, "192.0.2.2")
    assert await known.addresses(HOST, 1.0) == ("192.0.2.2", "192.0.2.1")
    known.postpone(HOST, "192.0.2.2")
    assert await known.addresses(HOST, 1.0) == ("192.0.2.1", "192.0.2.2")
    assert resolver.n_asked == 1
    clock.now_s = FRESH_S
    resolver.addresses = ["192.0.2.3"]
    assert await known.addresses(HOST, 1.0) == ("192.0.2.3",)


async def test_an_old_answer_is_better_than_none(resolver: Resolver) -> None:
    clock = Clock(0.0)
    known = Names(clock)
    await known.addresses(HOST, 1.0)
    clock.now_s = FRESH_S
    resolver.error = socket.gaierror(socket.EAI_AGAIN, "try again")
    assert await known.addresses(HOST, 1.0) == ("192.0.2.1", "192.0.2.2")
    known.forget(HOST)
    with pytest.raises(OSError, match="try again"):
        await known.addresses(HOST, 1.0)


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_NONAME, "x"), UnicodeError("x")])
async def test_no_such_name(resolver: Resolver, error: Exception) -> None:
    resolver.error = error
    with pytest.raises(OSError):  # noqa: PT011  # whatever the system says
        await Names(Clock()).addresses(HOST, 1.0)


async def test_a_resolver_that_does_not_answer_holds_nobody(resolver: Resolver) -> None:
    resolver.may_answer.clear()
    known = Names(Clock())
    for _ in range(MOST_LOOK_UPS + 2):
        with pytest.raises(asyncio.TimeoutError):
            await known.addresses(HOST, 0.01)
    threads = [one for one in threading.enumerate() if one.name == "resolver"]
    assert all(thread.daemon for thread in threads)
    # Each repeats its question by itself, so that a few are enough.
    assert len(threads) == MOST_LOOK_UPS
    resolver.may_answer.set()
    assert await known.addresses(HOST, 10.0) == ("192.0.2.1", "192.0.2.2")
    assert resolver.n_asked == MOST_LOOK_UPS


async def test_who_asks_at_the_same_time_asks_once(resolver: Resolver) -> None:
    resolver.may_answer.clear()
    known = Names(Clock())
    first = asyncio.ensure_future(known.addresses(HOST, 10.0))
    others = [asyncio.ensure_future(known.addresses(HOST, 10.0)) for _ in range(3)]
    await asyncio.sleep(0)
    resolver.may_answer.set()
    assert len(set(await asyncio.gather(first, *others))) == 1
    assert resolver.n_asked == 1


async def test_a_name_server_that_is_back_is_heard_by_who_asks_anew(stuck: Stuck) -> None:
    known = Names(Clock())
    with pytest.raises(asyncio.TimeoutError):
        await known.addresses(HOST, 0.01)
    # The first still waits, and whoever waits with the second has its answer.
    waiting = [asyncio.ensure_future(known.addresses(HOST, 10.0)) for _ in range(2)]
    (await stuck.asked(2)).answer("192.0.2.9")
    assert await asyncio.gather(*waiting) == [("192.0.2.9",)] * 2
    assert stuck.n_asked == 2


async def test_a_look_up_that_gives_up_does_not_end_a_newer_one(stuck: Stuck) -> None:
    known = Names(Clock())
    with pytest.raises(asyncio.TimeoutError):
        await known.addresses(HOST, 0.01)
    waiting = asyncio.ensure_future(known.addresses(HOST, 10.0))
    newer = await stuck.asked(2)
    older = await stuck.asked(1)
    older.fail()
    await older.returned()
    newer.answer("192.0.2.9")
    assert await waiting == ("192.0.2.9",)


async def test_the_answer_that_comes_late_is_kept(stuck: Stuck) -> None:
    known = Names(Clock())
    with pytest.raises(asyncio.TimeoutError):
        await known.addresses(HOST, 0.01)
    waiting = asyncio.ensure_future(known.addresses(HOST, 10.0))
    (await stuck.asked(2)).fail()
    with pytest.raises(OSError, match="try again"):
        await waiting
    older = await stuck.asked(1)
    older.answer("192.0.2.9")
    await older.returned()
    assert await known.addresses(HOST, 10.0) == ("192.0.2.9",)
    assert stuck.n_asked == 2
