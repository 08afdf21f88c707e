"""An engine of one's own: a child process that is talked to over pipes and ends with its parent."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress

from sc2_lsp.engine.connection import Connection
from sc2_lsp.engine.launch import engine_environment, private_command
from sc2_lsp.launching import ROOT_FOLDER
from sc2_lsp.ports import EngineUnavailable

_log = logging.getLogger(__name__)

# The engine saves its state when its input ends, and goes by itself if that takes too long.
_EXIT_GRACE_S = 2.0
_N_LAST_WORDS = 5


async def start_private() -> Connection:
    """Start a process that has no weights yet; raises EngineUnavailable."""
    try:
        child = await asyncio.create_subprocess_exec(
            *private_command(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT_FOLDER,
            env=engine_environment(os.environ),
        )
    except OSError as error:
        raise EngineUnavailable(f"The engine process cannot be started: {error}.") from error
    assert child.stdin is not None
    assert child.stdout is not None
    return Connection(child.stdout, child.stdin, child.pid, _Child(child).farewell)


class _Child:
    """Owns a child process from its start to its end, and what it says meanwhile."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._last_words: list[str] = []
        self._listening = asyncio.ensure_future(self._read_stderr())

    async def farewell(self) -> str:
        """Wait for the end of a process that has reason to end, and end it if it does not."""
        try:
            await asyncio.wait_for(self._child.wait(), _EXIT_GRACE_S)
        except asyncio.TimeoutError:
            with suppress(ProcessLookupError):
                self._child.kill()
            await self._child.wait()
        await asyncio.wait({self._listening}, timeout=_EXIT_GRACE_S)
        words = f": {self._last_words[-1]}" if self._last_words else ""
        code = self._child.returncode
        return f"The engine process ended unexpectedly (exit code {code}){words}"

    async def _read_stderr(self) -> None:
        """Keep the pipe empty; what llama.cpp says on its way down is worth a log line."""
        stream = self._child.stderr
        assert stream is not None
        with suppress(OSError, ValueError):
            while line := await stream.readline():
                words = line.decode("utf-8", "replace").rstrip()
                self._last_words = [*self._last_words[1 - _N_LAST_WORDS :], words]
                _log.debug("engine: %s", words)
