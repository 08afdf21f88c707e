"""Which tokens may begin or continue given bytes: the vocabulary, sorted by what it stands for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


class Pieces:
    """The bytes of each token; a special token stands for none and never fits."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        tokens = [token for token, piece in enumerate(pieces) if piece]
        self._tokens = sorted(tokens, key=pieces.__getitem__)
        self._sorted = [pieces[token] for token in self._tokens]
        self._longest = max(map(len, self._sorted), default=0)

    def __getitem__(self, token: int) -> bytes:
        return self._pieces[token]

    def fits(self, token: int, rest: bytes) -> bool:
        """Whether `token` begins with `rest`, or is a beginning of it."""
        piece = self._pieces[token]
        return bool(piece) and (piece.startswith(rest) or rest.startswith(piece))

    def fitting(self, rest: bytes) -> list[int]:
        """All tokens that begin with `rest` or are a beginning of it; `rest` must not be empty."""
        found = self._between(
            bisect_left(self._sorted, rest),
            bisect_right(self._sorted, rest, key=lambda piece: piece[: len(rest)]),
        )
        for length in range(1, min(len(rest), self._longest + 1)):
            beginning = rest[:length]
            found += self._between(
                bisect_left(self._sorted, beginning), bisect_right(self._sorted, beginning)
            )
        return found

    def _between(self, start: int, end: int) -> list[int]:
        return self._tokens[start:end]
