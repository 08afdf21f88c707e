"""What the engine's client promises beyond the engine: who is cancelled, and who is not."""

from __future__ import annotations

import asyncio
import time

import pytest

from sc2_lsp.engine.client import EngineClient
from tests.support.engine_user import SPEC


async def test_a_caller_who_gives_up_in_the_moment_in_which_the_load_ends_is_let_go() -> None:
    waiting: list[asyncio.Task[object]] = []
    loads: list[asyncio.Task[object]] = []

    def give_up_with_the_load() -> None:
        """Asked in the task that loads: ends it, as other settings do, and with it its caller."""
        load = asyncio.current_task()
        assert load is not None
        if not loads:
            load.cancel()
            load.add_done_callback(lambda _: waiting[0].cancel())
        loads.append(load)

    client = EngineClient(SPEC, time.monotonic, give_up_with_the_load)
    waiting.append(asyncio.ensure_future(client.describe()))
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting[0], 10.0)
    await client.close()


async def test_one_caller_who_gives_up_does_not_take_the_load_from_the_others(
    engine: EngineClient,
) -> None:
    one, other = (asyncio.ensure_future(engine.describe()) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    assert (await other).n_ctx == 4096
    assert one.cancelled()
    assert engine.load_share == 1.0


async def test_an_engine_that_is_closed_while_it_starts_answers_who_waits() -> None:
    client = EngineClient(SPEC, time.monotonic)
    waiting = asyncio.ensure_future(client.describe())
    await asyncio.sleep(0)
    await client.close()
    with pytest.raises(Exception, match="shut down"):
        await asyncio.wait_for(waiting, 5.0)
