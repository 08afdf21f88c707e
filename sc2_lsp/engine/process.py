"""One running engine process and the requests under way to it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, ModelInfo, Tokens
from sc2_lsp.engine import protocol
from sc2_lsp.ports import EngineError, EngineUnavailable, ModelError

_log = logging.getLogger(__name__)

_EXIT_GRACE_S = 1.0
_N_LAST_WORDS = 5
_WAIT_VARIABLES = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
_SPIN_COUNT = "3000"


def child_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """The environment of the engine process: the parent's, with a bound on OpenMP's spinning.

    Builds of llama.cpp that use OpenMP meet at a barrier after every operation, and GNU OpenMP
    waits there by spinning for milliseconds. On cores that something else wants too, a compiler
    run for one, the thread that is waited for may not even run. A short spin before going to sleep
    costs nothing on idle cores (docs/adr/0003). A user's own choice stands.
    """
    if _WAIT_VARIABLES & parent.keys():
        return dict(parent)
    return {**parent, "GOMP_SPINCOUNT": _SPIN_COUNT}


class EngineProcess:
    """A child process that holds weights; dies once and is not reused.

    Every call raises EngineUnavailable when the process ends before it answers.
    """

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._ids = itertools.count(1)
        self._pending: dict[int, asyncio.Future[protocol.Reply]] = {}
        self._last_words: list[str] = []
        self._tasks = [
            asyncio.ensure_future(self._read_replies()),
            asyncio.ensure_future(self._read_stderr()),
        ]
        self.is_alive = True

    @classmethod
    async def start(cls) -> EngineProcess:
        """Start a process that has no weights yet; raises EngineUnavailable."""
        try:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "sc2_lsp.engine.host",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=child_environment(os.environ),
            )
        except OSError as error:
            raise EngineUnavailable(f"The engine process cannot be started: {error}.") from error
        return cls(child)

    @property
    def pid(self) -> int:
        return self._child.pid

    async def load(self, spec: EngineSpec) -> ModelInfo:
        reply = await self._ask(protocol.Load(next(self._ids), spec))
        assert isinstance(reply, protocol.Loaded)
        return reply.info

    async def tokenize(self, texts: list[bytes]) -> list[Tokens]:
        reply = await self._ask(protocol.Tokenize(next(self._ids), texts))
        assert isinstance(reply, protocol.Tokenized)
        return reply.tokens

    async def detokenize(self, tokens: Tokens) -> bytes:
        reply = await self._ask(protocol.Detokenize(next(self._ids), tokens))
        assert isinstance(reply, protocol.Detokenized)
        return reply.text

    async def generate(self, request: GenerationRequest) -> Generation:
        reply = await self._ask(protocol.Generate(next(self._ids), request))
        assert isinstance(reply, protocol.Generated)
        return reply.generation

    async def _ask(self, request: protocol.Request) -> protocol.Reply:
        if not self.is_alive:
            raise self._death()
        future: asyncio.Future[protocol.Reply] = asyncio.get_running_loop().create_future()
        self._pending[request.id] = future
        try:
            await self._send(request)
            reply = await future
        except asyncio.CancelledError:
            if self.is_alive:
                with suppress(OSError):
                    self._write(protocol.Cancel(request.id))
            raise
        finally:
            self._pending.pop(request.id, None)
        if isinstance(reply, protocol.Failed):
            kinds = {"model": ModelError, "request": EngineError, "cancelled": EngineUnavailable}
            raise kinds[reply.kind](reply.message)
        return reply

    async def _send(self, request: protocol.Request) -> None:
        assert self._child.stdin is not None
        try:
            self._write(request)
            await self._child.stdin.drain()
        except OSError as error:
            raise self._death() from error

    def _write(self, request: protocol.Request) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(protocol.encode(request))

    async def _read_replies(self) -> None:
        stream = self._child.stdout
        assert stream is not None
        try:
            while True:
                header = await stream.readexactly(protocol.HEADER.size)
                body = await stream.readexactly(protocol.HEADER.unpack(header)[0])
                reply = protocol.decode_reply(body)
                future = self._pending.get(reply.id)
                if future is not None and not future.done():
                    future.set_result(reply)
        except (asyncio.IncompleteReadError, OSError, ValueError):
            pass
        finally:
            self.is_alive = False
        await self._ended()
        for future in self._pending.values():
            if not future.done():
                future.set_exception(self._death())

    async def _read_stderr(self) -> None:
        """Keep the pipe empty; what llama.cpp says on its way down is worth a log line."""
        stream = self._child.stderr
        assert stream is not None
        with suppress(OSError, ValueError):
            while line := await stream.readline():
                words = line.decode("utf-8", "replace").rstrip()
                self._last_words = [*self._last_words[1 - _N_LAST_WORDS :], words]
                _log.debug("engine: %s", words)

    def _death(self) -> EngineUnavailable:
        code = self._child.returncode
        words = f": {self._last_words[-1]}" if self._last_words else ""
        return EngineUnavailable(f"The engine process ended unexpectedly (exit code {code}){words}")

    async def close(self) -> None:
        """End the process: politely by closing its stdin, by force after a second."""
        self.is_alive = False
        assert self._child.stdin is not None
        self._child.stdin.close()
        await self._ended()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ended(self) -> None:
        """Wait for a process that has reason to end, and end it if it does not."""
        try:
            await asyncio.wait_for(self._child.wait(), _EXIT_GRACE_S)
        except asyncio.TimeoutError:
            with suppress(ProcessLookupError):
                self._child.kill()
            await self._child.wait()
