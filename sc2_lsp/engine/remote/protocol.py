"""What the engine of this machine asks of a server, whichever program it is, and how that fails.

Knows no library and no address; a program's own words are in the module of its name.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol


class ServerError(Exception):
    """The server did not do what it was asked; the message completes `The server …`.

    `is_away` says that it cannot be asked anything now, rather than that it refused one request.
    `status` is what HTTP calls it, 0 where nothing came. `n_ctx` is how many tokens a request may
    have where one had too many, else 0. `pause_s` is for how long one that has too much to do is
    not asked.
    """

    def __init__(
        self, message: str, *, is_away: bool, status: int = 0, n_ctx: int = 0, pause_s: float = 0.0
    ) -> None:
        super().__init__(message)
        self.is_away = is_away
        self.status = status
        self.n_ctx = n_ctx
        self.pause_s = pause_s

    @property
    def is_busy(self) -> bool:
        """Whether it was refused because the server has too much to do."""
        return self.status == 429


@dataclass(frozen=True, slots=True)
class Served:
    """The model that the server has loaded, and the `program` that it runs in.

    `n_ctx` is in tokens, for one request, `n_vocab` how many there are; 0 where the server does not
    tell. Raises ValueError for numbers that are none of anything.
    """

    name: str
    n_params: int
    n_ctx: int
    n_ctx_train: int
    program: str = "llama-server"
    n_vocab: int = 0

    def __post_init__(self) -> None:
        if min(self.n_params, self.n_ctx, self.n_ctx_train, self.n_vocab) < 0:
            raise ValueError("fewer than none")


@dataclass(frozen=True, slots=True)
class Piece:
    """What came with one token: its text, ids, and what the prompt has cost. Seconds.

    Some servers send several tokens at a time, no ids, or no word of what the prompt has cost: 0.
    `end` is empty until the last piece, which brings no text: `limit`, `eos` or another word.
    Pieces without anything may come before the first token, each when the server has read some more
    of the prompt, `n_read` tokens in all.
    """

    text: str
    tokens: tuple[int, ...]
    n_evaluated: int
    prompt_s: float
    end: str
    n_read: int = 0

    @property
    def is_progress(self) -> bool:
        return not (self.text or self.tokens or self.end)


class Server(Protocol):
    """One server. Each call is one attempt, within a time; every failure is a ServerError."""

    async def probe(self) -> Served:
        """What it has loaded; raises ServerError where that is no StarCoder2."""
        ...

    async def ask(self) -> None:
        """Something small that shows that it is there; raises ServerError where it is not.

        Disturbs nothing that it is at.
        """
        ...

    async def tokenize(self, text: str) -> tuple[int, ...]:
        """The tokens of `text`, special ones written in it taken as plain text."""
        ...

    async def detokenize(self, tokens: Sequence[int]) -> str:
        """The text of `tokens`, special ones written out."""
        ...

    def write(
        self, prompt: Sequence[int], n_tokens: int, required: str, *, is_line: bool = False
    ) -> AsyncGenerator[Piece, None]:
        """Continue `prompt` greedily, by a text that begins with `required`, one token at a time.

        `is_line` says that nothing is wanted behind the token with the first line break; a server
        may end there by itself, as by a limit.
        To be closed by whoever does not read it to its end, at which the server stops writing.
        """
        ...

    async def close(self) -> None:
        """End what is under way, and the connections."""
        ...
