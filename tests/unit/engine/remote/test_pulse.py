from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from sc2_lsp.engine.remote import pulse
from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.engine.remote.pulse import Pulse


class Asked:
    """Answers as `answer` does; counts how often."""

    def __init__(self, answer: Callable[[], Awaitable[object]]) -> None:
        self.n = 0
        self.doubts = 0
        self._answer = answer
        self.pulse = Pulse(self._ask, self._doubt, time.monotonic)

    async def _ask(self) -> object:
        self.n += 1
        return await self._answer()

    def _doubt(self) -> None:
        self.doubts += 1


async def at_once() -> None:
    pass


async def never() -> None:
    await asyncio.Event().wait()


async def after(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"


async def test_who_answers_soon_is_asked_nothing() -> None:
    asked = Asked(never)
    assert await asked.pulse.watch(lambda: after(0)) == "done"
    assert asked.n == 0


async def test_who_is_busy_is_waited_for() -> None:
    asked = Asked(at_once)
    assert await asked.pulse.watch(lambda: after(2.5 * pulse.QUIET_S)) == "done"
    assert asked.n in (1, 2)
    assert asked.doubts == 0


async def test_who_refuses_a_question_is_there() -> None:
    async def refuse() -> None:
        raise ServerError("has too much to do (429)", is_away=False)

    assert await Asked(refuse).pulse.watch(lambda: after(1.5 * pulse.QUIET_S)) == "done"


async def test_who_keeps_still_is_left_soon() -> None:
    asked = Asked(never)
    started_s = time.monotonic()
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await never()
        finally:
            cancelled.set()

    with pytest.raises(ServerError, match="does not answer in time") as left:
        await asyncio.gather(asked.pulse.watch(lambda: work()), asked.pulse.watch(lambda: never()))
    assert left.value.is_away
    assert time.monotonic() - started_s < 1.0
    assert cancelled.is_set()
    assert asked.n == 1
    assert asked.doubts >= 1


async def test_what_was_heard_meanwhile_counts() -> None:
    asked = Asked(never)

    async def talk() -> str:
        for _ in range(8):
            await asyncio.sleep(pulse.QUIET_S / 4)
            asked.pulse.heard()
        return "done"

    assert await asked.pulse.watch(lambda: talk()) == "done"
    assert asked.n == 0


async def test_one_that_took_long_from_the_beginning_may_again() -> None:
    asked = Asked(lambda: after(pulse.PATIENCE_S + 0.2))
    asked.pulse.took(pulse.PATIENCE_S)
    assert await asked.pulse.watch(lambda: after(pulse.QUIET_S + pulse.PATIENCE_S + 0.1)) == "done"


async def test_an_answer_during_the_question_is_the_answer() -> None:
    asked = Asked(never)
    assert await asked.pulse.watch(lambda: after(pulse.QUIET_S + 0.05)) == "done"
    asked.pulse.close()


async def test_cancelling_ends_the_work() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await never()
        finally:
            ended.set()

    watching = asyncio.ensure_future(Asked(at_once).pulse.watch(lambda: work()))
    await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert ended.is_set()
