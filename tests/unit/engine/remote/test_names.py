from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sc2_lsp.engine.remote import names
from sc2_lsp.engine.remote.names import FRESH_S, Names
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


async def test_an_answer_is_kept_for_a_while(resolver: Resolver) -> None:
    clock = Clock(0.0)
    known = Names(clock)
    assert await known.addresses(HOST, 1.0) == ("192.0.2.1", "192.0.2.2")
    known.prefer(HOST, "192.0.2.2")
    assert await known.addresses(HOST, 1.0) == ("192.0.2.2", "192.0.2.1")
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
    for _ in range(3):
        with pytest.raises(asyncio.TimeoutError):
            await known.addresses(HOST, 0.01)
    assert resolver.n_asked == 1
    (thread,) = [one for one in threading.enumerate() if one.name == "resolver"]
    assert thread.daemon
    resolver.may_answer.set()
    assert await known.addresses(HOST, 10.0) == ("192.0.2.1", "192.0.2.2")
    assert resolver.n_asked == 1
