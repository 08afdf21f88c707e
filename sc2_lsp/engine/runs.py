"""Finds runs of tokens that stand in an old and a new text in the same order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

_GRAM = 8
_MOST_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Run:
    """`n_tokens` tokens that stand at `old` in the one text and at `new` in the other."""

    old: int
    new: int
    n_tokens: int


def common_runs(old: Sequence[int], new: Sequence[int], shortest: int) -> tuple[Run, ...]:
    """Runs of at least `shortest` tokens, in order in both texts and never overlapping.

    Greedy from the beginning of `new` and linear in time, so not always the most that there is.
    """
    gram = min(shortest, _GRAM)
    places: dict[tuple[int, ...], list[int]] = {}
    for index in range(len(old) - gram + 1):
        places.setdefault(tuple(old[index : index + gram]), []).append(index)
    runs: list[Run] = []
    at, first_old = 0, 0
    while at + shortest <= len(new):
        candidates = places.get(tuple(new[at : at + gram]), [])
        start = bisect_left(candidates, first_old)
        best = Run(0, at, 0)
        for place in candidates[start : start + _MOST_CANDIDATES]:
            length = _length(old, place, new, at)
            if length > best.n_tokens:
                best = Run(place, at, length)
        if best.n_tokens >= shortest:
            runs.append(best)
            at, first_old = at + best.n_tokens, best.old + best.n_tokens
        else:
            at += 1
    return tuple(runs)


def _length(old: Sequence[int], place: int, new: Sequence[int], at: int) -> int:
    length = 0
    most = min(len(old) - place, len(new) - at)
    while length < most and old[place + length] == new[at + length]:
        length += 1
    return length
