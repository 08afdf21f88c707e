"""A server that writes when the test says so, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.remote.protocol import Piece, Served, ServerError


@dataclass(eq=False)
class Asking:
    """One request to it; `put` lets it write."""

    prompt: Tokens
    n_tokens: int
    required: str
    is_line: bool = False
    pieces: asyncio.Queue[Piece | ServerError] = field(default_factory=asyncio.Queue)
    is_closed: bool = False

    def reads(self, n_read: int) -> None:
        self.pieces.put_nowait(Piece("", (), 0, 0.0, "", n_read))

    def puts(
        self, text: str, token: int = 100, n_evaluated: int = 0, prompt_s: float = 0.0
    ) -> None:
        self.pieces.put_nowait(Piece(text, (token,), n_evaluated, prompt_s, ""))

    def ends(self, end: str = "eos") -> None:
        self.pieces.put_nowait(Piece("", (), 0, 0.0, end))

    def fails(self, error: ServerError) -> None:
        self.pieces.put_nowait(error)


class ScriptedServer:
    """Implements `Server`; each request waits in `asked` for the test.

    `ends_lines` says that it ends where no more than a line is wanted, as llama-server does.
    """

    def __init__(self) -> None:
        self.asked: asyncio.Queue[Asking] = asyncio.Queue()
        self.ends_lines = True

    async def write(
        self, prompt: Sequence[int], n_tokens: int, required: str, *, is_line: bool = False
    ) -> AsyncGenerator[Piece, None]:
        asking = Asking(tuple(prompt), n_tokens, required, is_line)
        self.asked.put_nowait(asking)
        try:
            while True:
                piece = await asking.pieces.get()
                if isinstance(piece, ServerError):
                    raise piece
                yield piece
                if self.ends_lines and is_line and "\n" in piece.text:
                    yield Piece("", (), 0, 0.0, "limit")
                    return
                if piece.end:
                    return
        finally:
            asking.is_closed = True

    async def probe(self) -> Served:
        return Served("scripted", 0, 4096, 4096)

    async def ask(self) -> None:
        pass

    async def tokenize(self, text: str) -> Tokens:
        return tuple(text.encode())

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return bytes(tokens).decode()

    async def close(self) -> None:
        pass
