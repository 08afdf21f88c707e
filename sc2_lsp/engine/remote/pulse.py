"""Tells a server that is busy from one that is gone: while one keeps still, it is asked who it is.

A server that writes nothing for a while may be reading a long prompt, and answers small questions
meanwhile. One that is stopped, cut off or drowned answers nothing, and who waits for it is let go
well before a deadline.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.remote.protocol import Piece, Served, Server, ServerError
from sc2_lsp.engine.remote.silence import Silence
from sc2_lsp.ports import Clock

QUIET_S = 0.25
"""How long a server may keep still before it is asked something small."""

PATIENCE_S = 0.45
"""How long the answer to that may take; more for a server that took long from the beginning."""

_LONGEST_PATIENCE_S = 2.5
_DOUBT_S = 0.1
_SLICE_S = 0.05

T = TypeVar("T")


class Pulse:
    """Owns when a server was last heard of. Belongs to one event loop.

    `ask` asks it something small. `doubt` is called while that takes long, so that whoever has
    to answer in its place can get ready.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[Any]], doubt: Callable[[], None], clock: Clock
    ) -> None:
        self._ask = ask
        self._doubt = doubt
        self._clock = clock
        self._heard_s = clock()
        self._patience_s = PATIENCE_S
        self._asking: asyncio.Future[Any] | None = None

    def heard(self) -> None:
        """The server said something just now."""
        self._heard_s = self._clock()

    def took(self, seconds: float) -> None:
        """So long it takes to connect and to ask something small: what it may take again."""
        self._patience_s = min(max(PATIENCE_S, 2 * seconds), _LONGEST_PATIENCE_S)

    async def watch(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`; raises ServerError where the server is not alive meanwhile."""
        task = asyncio.ensure_future(work())
        task.add_done_callback(_forget)
        started_s = self._clock()
        try:
            while True:
                quiet_s = self._clock() - max(self._heard_s, started_s)
                if quiet_s >= QUIET_S:
                    await self._make_sure(task)
                    quiet_s = 0.0
                await asyncio.wait({task}, timeout=QUIET_S - quiet_s)
                if task.done():
                    return task.result()
        finally:
            task.cancel()
            await asyncio.wait({task})

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()

    async def _make_sure(self, task: asyncio.Future[Any]) -> None:
        """Wait until the server has said anything, or `task` is done; raises ServerError."""
        if self._asking is None:
            self._asking = asyncio.ensure_future(self._question())
            self._asking.add_done_callback(_forget)
        asking = self._asking
        either = {asking, task}
        await asyncio.wait(either, timeout=_DOUBT_S, return_when=asyncio.FIRST_COMPLETED)
        if not asking.done() and not task.done():
            self._doubt()
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and not asking.cancelled():
            asking.result()

    async def _question(self) -> None:
        asked = asyncio.ensure_future(self._ask())
        asked.add_done_callback(_forget)
        try:
            # Not in one piece: where this process gets no processor, the time is nobody's fault.
            for _ in range(math.ceil(self._patience_s / _SLICE_S)):
                await asyncio.wait({asked}, timeout=_SLICE_S)
                if asked.done():
                    break
            else:
                raise ServerError("does not answer in time", is_away=True)
            asked.result()
        except ServerError as error:
            if error.is_away:
                raise
        finally:
            asked.cancel()
            self._asking = None
        self.heard()


class Heard:
    """Implements `Server` by another: tells `pulse` and `silence` of all that it says."""

    def __init__(self, server: Server, pulse: Pulse, silence: Silence) -> None:
        self._server = server
        self._pulse = pulse
        self._silence = silence

    async def probe(self) -> Served:
        return await self._server.probe()

    async def ask(self) -> None:
        await self._server.ask()

    async def tokenize(self, text: str) -> Tokens:
        tokens = await self._server.tokenize(text)
        self._pulse.heard()
        return tokens

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return await self._server.detokenize(tokens)

    async def write(
        self, prompt: Sequence[int], n_tokens: int, required: str, *, is_line: bool = False
    ) -> AsyncGenerator[Piece, None]:
        writing = self._server.write(prompt, n_tokens, required, is_line=is_line)
        async with aclosing(writing) as pieces:
            async for piece in pieces:
                self._pulse.heard()
                self._silence.heard(piece)
                yield piece

    async def close(self) -> None:
        await self._server.close()


def _forget(done: asyncio.Future[Any]) -> None:
    """Nobody may be there any more when it fails, which is no fault then."""
    if not done.cancelled():
        done.exception()
