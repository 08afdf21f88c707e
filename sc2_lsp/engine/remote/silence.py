"""Tells a server that is slow as usual from one that takes prompts and writes nothing.

Such a server answers small questions, so that the pulse does not show it. How long one may keep
still follows what it usually takes, so that one that is always slow is not left for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sc2_lsp.engine.remote.protocol import Piece
from sc2_lsp.ports import EngineError

PATIENCE_S = 0.6
"""How long a server may write nothing that usually writes at once."""

HEAD_START_S = 0.25
"""How long before that somebody else begins to get ready, which costs memory: no earlier."""

# So many times what it usually takes.
_PATIENCE = 3.0
# Not in one piece: where this process gets no processor, the time is nobody's fault.
_N_SLICES, _LEAST_SLICE_S = 4, 0.05


class Silence:
    """Owns what a server has written, as a number. Belongs to one event loop.

    `usual_s` says how long it takes. `stand_in` returns once somebody else can answer, and raises
    EngineError where nobody can.
    """

    def __init__(
        self, usual_s: Callable[[], float], stand_in: Callable[[], Awaitable[object]]
    ) -> None:
        self._usual_s = usual_s
        self._stand_in = stand_in
        self._n_heard = 0
        self._n_written = 0
        self._news = asyncio.Event()

    @property
    def patience_s(self) -> float:
        """How long it may keep still now."""
        return max(PATIENCE_S, _PATIENCE * self._usual_s())

    def heard(self, piece: Piece) -> None:
        """The server has read some more of a prompt, or written something."""
        self._n_heard += 1
        self._n_written += not piece.is_progress
        self._news.set()

    async def is_too_long(self) -> None:
        """Return once it has kept still for too long and somebody else can answer."""
        while True:
            await self._lasts(lambda: self.patience_s - HEAD_START_S)
            n_heard = self._n_heard
            standing_in = asyncio.ensure_future(self._stand_in())
            standing_in.add_done_callback(_forget)
            try:
                await self._lasts(lambda: HEAD_START_S)
                await standing_in
            except EngineError:
                # Whoever waits has nobody else to wait for.
                await asyncio.get_running_loop().create_future()
            finally:
                standing_in.cancel()
            if n_heard == self._n_heard:
                return

    async def ends_within(self, seconds: float) -> bool:
        """Whether it writes; false once it has not even read anything for so many seconds."""
        n_written = self._n_written
        while n_written == self._n_written:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), seconds)
            except asyncio.TimeoutError:
                return False
        return True

    async def _lasts(self, longest_s: Callable[[], float]) -> None:
        """Wait until nothing was heard for so long."""
        n_heard, quiet_s = self._n_heard, 0.0
        while quiet_s < longest_s():
            slice_s = max(longest_s() / _N_SLICES, _LEAST_SLICE_S)
            await asyncio.sleep(slice_s)
            quiet_s = quiet_s + slice_s if n_heard == self._n_heard else 0.0
            n_heard = self._n_heard


def _forget(done: asyncio.Future[object]) -> None:
    """Nobody may be there any more when it fails, which is no fault then."""
    if not done.cancelled():
        done.exception()
