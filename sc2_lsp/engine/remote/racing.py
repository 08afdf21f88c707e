"""Asks a host at one of its addresses: beside one that keeps still the next is tried (RFC 8305).

Nothing is asked twice: the first address that can be connected with is the one that is asked, and
the others are let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from enum import Enum
from typing import Any, Generic, TypeVar

STEP_S = 0.25
"""How long an address alone is given to be connected with."""

T = TypeVar("T")


class Step(Enum):
    """How far it is with one address; one that is connected already begins with CONNECTED."""

    CONNECTING = 1
    CONNECTED = 2


Ask = Callable[[str, Callable[[Step], None]], Coroutine[Any, Any, T]]
"""Asks at an address, and tells of its steps; nothing is sent before CONNECTED was told."""


async def first_reached(
    addresses: Sequence[str],
    ask: Ask[T],
    unreachable: tuple[type[Exception], ...],
    late: Callable[[str], None],
) -> tuple[str, T]:
    """The address that was asked, one or more to choose from in their order, and what it answers.

    `late` is told of each that takes longer than it should, or cannot be reached. Raises what `ask`
    raises: what is `unreachable` only where that is so of all.
    """
    news = asyncio.Event()
    waiting = list(addresses)
    racing: list[_Attempt[T]] = []
    begun: list[_Attempt[T]] = []
    try:
        while True:
            failure = None
            for attempt in [one for one in racing if one.task.done()]:
                racing.remove(attempt)
                failure = attempt.task.exception()
                if failure is None:
                    return attempt.address, attempt.task.result()
                if not isinstance(failure, unreachable):
                    raise failure
                late(attempt.address)
            for attempt in racing:
                if attempt.is_late and not attempt.is_told:
                    attempt.is_told = True
                    late(attempt.address)
            connected = next((one for one in racing if one.is_connected), None)
            if connected is not None:
                # Should this one fail yet, they are tried again.
                for attempt in racing:
                    if attempt is not connected:
                        attempt.task.cancel()
                        waiting.append(attempt.address)
                racing = [connected]
            elif waiting and all(one.is_late for one in racing):
                racing.append(_Attempt(waiting.pop(0), ask, news))
                begun.append(racing[-1])
            elif failure is not None and not racing:
                raise failure
            news.clear()
            await news.wait()
    finally:
        for attempt in begun:
            attempt.task.cancel()
        if begun:
            await asyncio.wait({attempt.task for attempt in begun})


class _Attempt(Generic[T]):
    """Asks at once. `is_late` says that it takes longer to connect than it should."""

    def __init__(self, address: str, ask: Ask[T], news: asyncio.Event) -> None:
        self.address = address
        self.is_connected = self.is_late = self.is_told = False
        self._news = news
        self.task = asyncio.ensure_future(ask(address, self._take))
        self.task.add_done_callback(self._done)

    def _take(self, step: Step) -> None:
        if step is Step.CONNECTING:
            asyncio.get_running_loop().call_later(STEP_S, self._be_late)
        else:
            self.is_connected = True
            self._news.set()

    def _be_late(self) -> None:
        if not (self.is_connected or self.task.done()):
            self.is_late = True
            self._news.set()

    def _done(self, task: asyncio.Task[T]) -> None:
        self._news.set()
        if not task.cancelled():
            # Nobody may be there any more when it fails.
            task.exception()
