"""Scores pieces by the words they share with a search: BM25, each word of a piece counted once.

Pure. `n_with` is in how many of `n_pieces` pieces a word stands.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

_K1 = 1.2
_B = 0.5
_USUAL_LINES = 20


def weight(n_pieces: int, n_with: int) -> float:
    """What finding a word is worth; the rarer the word, the more."""
    return math.log1p((max(n_pieces, n_with) - n_with + 0.5) / (n_with + 0.5))


def scores(postings: Iterable[tuple[float, Iterable[int]]]) -> Mapping[int, float]:
    """The weights of the words of each piece, summed up; a posting is a weight and its pieces."""
    found: defaultdict[int, float] = defaultdict(float)
    for worth, pieces in postings:
        for piece in pieces:
            found[piece] += worth
    return found


def for_length(score: float, n_lines: int) -> float:
    """`score` as it counts in a piece of so many lines: a long one holds more words by chance."""
    return score * (_K1 + 1) / (1 + _K1 * (1 - _B + _B * n_lines / _USUAL_LINES))
