"""What this client believes a server still holds of its prompts: pure, no server needed.

Servers keep the keys and values of earlier prompts and tell nobody which. What one has just read or
written it surely holds; it forgets when others need the room, and shows that by reading anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.kv import common_prefix

_MOST = 12
# A server that is asked for a prompt mostly like one it holds goes on in the same place, so that
# what stood behind the common beginning is gone.
_MOVED_ON = 0.9
FORGOTTEN = 48
"""Reading so many more tokens than expected means that something was forgotten."""


class Held:
    """Sequences of tokens, the latest last; the oldest go first."""

    def __init__(self) -> None:
        self._sequences: list[Tokens] = []

    def n_missing(self, tokens: Sequence[int]) -> int:
        """How many of `tokens` the server probably has to read, the last one in any case."""
        shared = max((common_prefix(held, tokens) for held in self._sequences), default=0)
        return max(len(tokens) - shared, 1)

    def add(self, tokens: Tokens) -> None:
        """The server holds `tokens` now."""
        if not tokens:
            return
        self._sequences = [
            held
            for held in self._sequences
            if common_prefix(held, tokens) < _MOVED_ON * min(len(held), len(tokens))
        ]
        self._sequences.append(tokens)
        del self._sequences[:-_MOST]

    def add_part(self, tokens: Tokens) -> None:
        """The server has read so much of a prompt; whatever else it holds it holds still."""
        if self.n_missing((*tokens, -1)) > 1:
            self.add(tokens)

    def learn(self, n_expected: int, n_evaluated: int) -> None:
        """What a prompt cost; where that is much more than expected, all else may be gone too."""
        if n_evaluated > n_expected + FORGOTTEN:
            self._sequences.clear()

    def clear(self) -> None:
        self._sequences.clear()
