"""Waits for the death of the client's process, for editors that die without closing a pipe."""

from __future__ import annotations

import asyncio

import psutil

POLL_S = 1.0


async def wait_for_death(pid: int, poll_s: float = POLL_S) -> None:
    """Return when the process that has `pid` now is gone, or a zombie.

    Waits forever where there is no such process to begin with: the client then lives in another
    process namespace, and its id says nothing.
    """
    try:
        process = psutil.Process(pid)
    except (psutil.Error, ValueError, OverflowError):
        await asyncio.get_running_loop().create_future()
        return
    # No portable event tells of the death of a process that is not a child.
    while _is_alive(process):  # noqa: ASYNC110
        await asyncio.sleep(poll_s)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
