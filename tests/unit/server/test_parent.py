from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sc2_lsp.server.parent import wait_for_death


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with contextlib.ExitStack() as stack:
        waiting = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        stack.callback(waiting.wait)
        stack.callback(waiting.kill)
        yield waiting


async def test_the_death_of_a_process_is_noticed(process: subprocess.Popen[bytes]) -> None:
    waiting = asyncio.ensure_future(wait_for_death(process.pid, poll_s=0.01))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    # The process is not waited for here, so it stays behind as a zombie, as under a busy parent.
    process.kill()
    await asyncio.wait_for(waiting, 30)


@pytest.mark.parametrize("pid", [-1, 2**22 + 1, 2**80])
async def test_a_process_that_is_not_there_is_waited_for_in_vain(pid: int) -> None:
    waiting = asyncio.ensure_future(wait_for_death(pid, poll_s=0.01))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    waiting.cancel()
