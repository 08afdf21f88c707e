"""The requests under way to one engine process, over whatever streams lead to it.

Does not start or find an engine: `process` and `shared` do.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, ModelInfo, Tokens
from sc2_lsp.engine import protocol
from sc2_lsp.ports import EngineError, EngineUnavailable, ModelError

_FAILURES = {"model": ModelError, "request": EngineError, "cancelled": EngineUnavailable}


class Connection:
    """A way to the engine process `pid`; ends once and is not reused.

    Every call raises EngineUnavailable when the engine goes away before it answers. `farewell`
    waits until the engine has let go, by force where that is needed, and says how it ended in one
    sentence; it may be called more than once.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        pid: int,
        farewell: Callable[[], Awaitable[str]],
    ) -> None:
        self.pid = pid
        self.is_alive = True
        self._writer = writer
        self._farewell = farewell
        self._ending = "The engine process has ended."
        self._ids = itertools.count(1)
        self._on_loading: Callable[[float], None] = _ignore
        self._pending: dict[int, asyncio.Future[protocol.Reply]] = {}
        self._reading = asyncio.ensure_future(self._read_replies(reader))

    async def load(self, spec: EngineSpec, progress: Callable[[float], None]) -> ModelInfo:
        """Load the weights; `progress` is told meanwhile how much of them is there, from 0 to 1."""
        self._on_loading = progress
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

    def linger(self, idle_s: float) -> None:
        """Wish that the engine, if it is shared, outlive its last user by so much."""
        if self.is_alive:
            self._writer.write(protocol.encode(protocol.Linger(next(self._ids), idle_s)))

    async def close(self) -> None:
        """Let go of the engine; what is pending fails."""
        self.is_alive = False
        self._writer.close()
        await self._farewell()
        await self._reading

    async def _ask(self, request: protocol.Request) -> protocol.Reply:
        if not self.is_alive:
            raise EngineUnavailable(self._ending)
        future: asyncio.Future[protocol.Reply] = asyncio.get_running_loop().create_future()
        self._pending[request.id] = future
        self._writer.write(protocol.encode(request))
        try:
            reply = await future
        except asyncio.CancelledError:
            if self.is_alive:
                self._writer.write(protocol.encode(protocol.Cancel(request.id)))
            raise
        finally:
            self._pending.pop(request.id, None)
        if isinstance(reply, protocol.Failed):
            raise _FAILURES[reply.kind](reply.message)
        return reply

    async def _read_replies(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                reply = protocol.decode_reply(await read_frame(reader))
                if isinstance(reply, protocol.Loading):
                    self._on_loading(reply.share)
                    continue
                future = self._pending.get(reply.id)
                if future is not None and not future.done():
                    future.set_result(reply)
        except (asyncio.IncompleteReadError, OSError, protocol.BadFrame):
            pass
        finally:
            self.is_alive = False
            self._writer.close()
        self._ending = await self._farewell()
        for future in self._pending.values():
            if not future.done():
                future.set_exception(EngineUnavailable(self._ending))


def _ignore(share: float) -> None:
    """Nobody wants to know."""


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """The body of the next frame; raises IncompleteReadError, OSError or BadFrame."""
    (length,) = protocol.HEADER.unpack(await reader.readexactly(protocol.HEADER.size))
    if length > protocol.MAX_BODY:
        raise protocol.BadFrame(f"a frame of {length} bytes is too long")
    return await reader.readexactly(length)
