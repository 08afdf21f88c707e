"""Asks a program of another make to continue a prompt, in the program's own manner."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.remote.healing import healed
from sc2_lsp.engine.remote.protocol import Piece, Served, ServerError
from sc2_lsp.engine.remote.texts import PromptText, before_special
from sc2_lsp.engine.remote.transport import Transport
from sc2_lsp.engine.remote.words import Words

_NOT_THERE = 404


class Manner(Protocol):
    """How one program is asked to write, at `path`, and what its lines mean.

    At `page` it shows that it is there, whatever else it is at.
    """

    @property
    def page(self) -> str: ...

    @property
    def path(self) -> str: ...

    def asked(self, prompt: list[int] | str, n_tokens: int, typed: str) -> Mapping[str, Any]:
        """The request for `n_tokens`, at least one, and a text that begins with `typed`.

        A prompt of text has its control tokens written out. Who cannot hold a model to a text
        leaves `typed` out.
        """
        ...

    def pieces(self, line: str) -> Sequence[Piece]:
        """What one line brings, an end as a piece of its own; raises where it is of no use."""
        ...


class Speaker:
    """Implements `Server` but for `probe`: `served` is what was found.

    `check` raises ServerError where that is so no more; None where there is no more to see than
    that the server is there.
    """

    def __init__(
        self,
        transport: Transport,
        manner: Manner,
        words: Words,
        served: Served,
        check: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._transport = transport
        self._manner = manner
        self._words = words
        self.served = served
        self.check = check or self.ask

    async def ask(self) -> None:
        try:
            await self._transport.get(self._manner.page)
        except ServerError as error:
            # Who says that there is no such page is there.
            if error.status != _NOT_THERE:
                raise

    async def tokenize(self, text: str) -> Tokens:
        return await self._words.tokenize(text)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return await self._words.detokenize(tokens)

    async def write(
        self, prompt: Sequence[int], n_tokens: int, required: str, *, is_line: bool = False
    ) -> AsyncGenerator[Piece, None]:
        pieces = self._write(prompt, n_tokens, required)
        if required:
            typed = (*prompt, *await self._words.tokenize(required))
            pieces = healed(pieces, self._write(typed, n_tokens, ""), required)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def _write(
        self, prompt: Sequence[int], n_tokens: int, typed: str
    ) -> AsyncGenerator[Piece, None]:
        manner, n_ctx = self._manner, self.served.n_ctx
        if n_ctx:
            if len(prompt) >= n_ctx:
                raise ServerError(f"takes {n_ctx} tokens a request", is_away=False)
            n_tokens = min(n_tokens, n_ctx - len(prompt))
        sent = self._words.prompt(prompt)
        text = sent if isinstance(sent, PromptText) else None
        shown = sent.text if isinstance(sent, PromptText) else sent
        # None at all is refused by some.
        asked = manner.asked(shown, max(1, n_tokens), typed)
        async with aclosing(self._transport.lines(manner.path, asked)) as lines:
            async for line in lines:
                with self._transport.reading():
                    pieces = manner.pieces(line)
                for piece in pieces if text is None else _plain(pieces, text):
                    yield piece
                    if piece.end:
                        return


def _plain(pieces: Sequence[Piece], prompt: PromptText) -> Sequence[Piece]:
    """The pieces without guards, and up to the first control token that they spell out.

    And without the server's own tokens, which mean nothing here.
    """
    found: list[Piece] = []
    for piece in pieces:
        text = prompt.unguarded(piece.text)
        before = before_special(text)
        kept = text if before is None else before
        if kept or piece.end:
            found.append(Piece(kept, (), piece.n_evaluated, piece.prompt_s, piece.end))
        if before is not None:
            found.append(Piece("", (), piece.n_evaluated, piece.prompt_s, "special"))
            break
    return found
