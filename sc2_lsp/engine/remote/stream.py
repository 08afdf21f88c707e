"""One request to a server and all that it has written for it, for whoever reads along.

It goes on for a moment when nobody does: the next key often asks for the same again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.remote.held import FORGOTTEN
from sc2_lsp.engine.remote.protocol import Piece, Server, ServerError
from sc2_lsp.engine.remote.reading import Reading
from sc2_lsp.ports import Clock


class Stream:
    """Asks at once. Belongs to one event loop.

    `n_expected` is how many tokens of the prompt the server was thought to have to read, and
    `is_accepted` says that it is to be read even if that are many more. `is_background` says that
    whoever asked first does not wait for it, `is_line` that no more than a line is wanted.
    `is_over` says that nothing more comes, `is_closed` that this is because we hung up, and `error`
    that it was none of the server's will. `begun` is called when something has come, `over` when
    the connection is free.
    """

    def __init__(
        self,
        server: Server,
        tokens: Tokens,
        n_tokens: int,
        required: str,
        clock: Clock,
        *,
        n_expected: int,
        is_background: bool,
        is_line: bool,
        begun: Callable[[Stream], None],
        over: Callable[[Stream], None],
    ) -> None:
        self.tokens = tokens
        self.n_tokens = n_tokens
        self.required = required
        self.n_expected = n_expected
        self.is_background = is_background
        self.is_line = is_line
        self.pieces: list[Piece] = []
        self.n_read = 0
        self._n_cached: int | None = None
        self.n_readers = 0
        self.is_over = False
        self.is_known = False
        self.is_closed = False
        self.is_accepted = False
        self.error: BaseException | None = None
        self.started_s = clock()
        self.begun_s: float | None = None
        self._heard_s: list[float] = []
        self._clock = clock
        self._begun = begun
        self._over = over
        self._news = asyncio.Event()
        self._task = asyncio.ensure_future(self._run(server, n_tokens))

    @property
    def has_begun(self) -> bool:
        """Whether the prompt has been read."""
        return self.begun_s is not None

    @property
    def is_ending(self) -> bool:
        """Whether the server should be about to end it by itself, since the line is written."""
        return self.is_line and bool(self.pieces) and "\n" in self.pieces[-1].text

    @property
    def n_unexpected(self) -> int:
        """How many more tokens the server has set out to read than it was thought to have to.

        0 where it does not tell before it has read them.
        """
        if self._n_cached is None:
            return 0
        return max(len(self.tokens) - self._n_cached - self.n_expected, 0)

    @property
    def is_in_question(self) -> bool:
        """Whether the prompt costs much more than was thought, and nobody has accepted that yet."""
        return not (self.has_begun or self.is_accepted) and self.n_unexpected > FORGOTTEN

    @property
    def step_s(self) -> float:
        """How long the server takes from one piece to the next, the one that is awaited included.

        0 where it has said nothing yet.
        """
        if not self._heard_s:
            return 0.0
        first_s, last_s = self._heard_s[0], self._heard_s[-1]
        return max((last_s - first_s) / len(self._heard_s), self._clock() - last_s)

    @property
    def n_evaluated(self) -> int:
        """How many tokens of the prompt the server has read for it, as far as it tells."""
        if self.pieces:
            # Some servers tell in the end.
            return max(piece.n_evaluated for piece in self.pieces)
        return self.n_read - (self._n_cached or 0)

    @property
    def n_forgotten(self) -> int:
        """How many tokens the server reads though it was thought to hold them, as far as it tells.

        Known once `begun` was called.
        """
        if self._n_cached is not None:
            return self.n_unexpected
        n_read = self.pieces[0].n_evaluated if self.pieces else 0
        return max(n_read - self.n_expected, 0)

    @property
    def written(self) -> Tokens | None:
        """The tokens written so far; None where the server may not have told them all.

        It keeps those of a char to itself until the char is whole.
        """
        tokens: list[int] = []
        for piece in self.pieces:
            if piece.text and not (piece.tokens and piece.text.isascii()):
                return None
            tokens += piece.tokens
        return tuple(tokens)

    async def feed(self, reading: Reading, index: int) -> None:
        """Let `reading` have the pieces from `index` on until it or the stream is over.

        Or until the stream is in question. Raises ServerError.
        """
        self.n_readers += 1
        try:
            while not reading.is_over:
                if index < len(self.pieces):
                    reading.take(self.pieces[index], self._clock())
                    index += 1
                elif self.is_over or self.is_in_question:
                    break
                else:
                    await self.change()
        finally:
            self.n_readers -= 1
        if self.error is not None and not reading.is_over:
            raise self.error

    async def change(self) -> None:
        """Wait until something came, or nothing more does."""
        if not self.is_over:
            self._news.clear()
            await self._news.wait()

    def close(self, error: ServerError | None = None) -> None:
        """Hang up, at which the server stops; who reads gets the error where there is one."""
        if not self.is_over:
            self.error = error
            self.is_over = self.is_closed = True
            self._task.cancel()
            self._news.set()

    async def ended(self) -> None:
        """Wait until the connection is closed as well."""
        await asyncio.wait({self._task})

    async def _run(self, server: Server, n_tokens: int) -> None:
        try:
            await self._read(server, n_tokens)
        except Exception as error:
            self.error = error
        finally:
            self.is_over = True
            self._news.set()
            self._over(self)

    async def _read(self, server: Server, n_tokens: int) -> None:
        async with aclosing(
            server.write(self.tokens, n_tokens, self.required, is_line=self.is_line)
        ) as pieces:
            async for piece in pieces:
                self._heard_s.append(self._clock())
                if piece.is_progress:
                    self.n_read = max(self.n_read, piece.n_read)
                    if self._n_cached is None:
                        self._n_cached = piece.n_read
                        self._begun(self)
                else:
                    self.pieces.append(piece)
                    if self.begun_s is None:
                        self.begun_s = self._clock()
                        if self._n_cached is None:
                            self._begun(self)
                self.is_over = bool(piece.end)
                self._news.set()
                if self.is_over:
                    return
        raise ServerError("broke off", is_away=True)
