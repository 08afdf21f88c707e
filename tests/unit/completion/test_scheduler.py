from __future__ import annotations

import asyncio

import pytest

from sc2_lsp.completion.scheduler import Scheduler, Superseded


async def _forever(started: asyncio.Event, ended: asyncio.Event) -> str:
    started.set()
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()
    return "never"


async def _at_once() -> str:
    return "done"


async def test_a_newer_request_of_a_document_ends_the_older_one() -> None:
    scheduler, started, ended = Scheduler(), asyncio.Event(), asyncio.Event()
    older = asyncio.ensure_future(scheduler.run("a", _forever(started, ended)))
    await started.wait()
    assert await scheduler.run("a", _at_once()) == "done"
    with pytest.raises(Superseded):
        await older
    assert ended.is_set()


async def test_documents_do_not_disturb_each_other() -> None:
    scheduler, started, ended = Scheduler(), asyncio.Event(), asyncio.Event()
    one = asyncio.ensure_future(scheduler.run("a", _forever(started, ended)))
    await started.wait()
    assert await scheduler.run("b", _at_once()) == "done"
    assert not one.done()
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one


async def test_cancelling_the_caller_ends_the_work() -> None:
    scheduler, started, ended = Scheduler(), asyncio.Event(), asyncio.Event()
    caller = asyncio.ensure_future(scheduler.run("a", _forever(started, ended)))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended.is_set()


async def test_a_failure_reaches_the_caller() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Scheduler().run("a", fail())
