"""What the engine's client promises beyond the engine: who is cancelled, and who is not."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from sc2_lsp.engine.client import EngineClient
from tests.support.engine_user import SPEC


@pytest.mark.parametrize("n_turns", range(8))
async def test_a_caller_who_gives_up_just_as_the_settings_change_is_let_go(
    engine: EngineClient, n_turns: int
) -> None:
    engine.configure(SPEC)
    waiting = asyncio.ensure_future(engine.describe())
    await asyncio.sleep(0)
    engine.configure(replace(SPEC, n_ctx=1024))
    for _ in range(n_turns):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 1.0)
    assert (await engine.describe()).n_ctx == 1024


async def test_one_caller_who_gives_up_does_not_take_the_load_from_the_others(
    engine: EngineClient,
) -> None:
    one, other = (asyncio.ensure_future(engine.describe()) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    assert (await other).n_ctx == 4096
    assert one.cancelled()


async def test_an_engine_that_is_closed_while_it_starts_answers_who_waits() -> None:
    client = EngineClient(SPEC, time.monotonic)
    waiting = asyncio.ensure_future(client.describe())
    await asyncio.sleep(0)
    await client.close()
    with pytest.raises(Exception, match="shut down"):
        await asyncio.wait_for(waiting, 5.0)
