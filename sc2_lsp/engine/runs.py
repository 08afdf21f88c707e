"""Finds runs of tokens that stand in an old and a new text in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_GRAM = 8
_MOST_CANDIDATES = 4
_MOST_RUNS = 64


@dataclass(frozen=True, slots=True)
class Run:
    """`n_tokens` tokens that stand at `old` in the one text and at `new` in the other."""

    old: int
    new: int
    n_tokens: int

    def after(self, other: Run) -> Run:
        """What of this run stands behind `other` in both texts; its length may be negative."""
        n_over = max(
            other.old + other.n_tokens - self.old, other.new + other.n_tokens - self.new, 0
        )
        return Run(self.old + n_over, self.new + n_over, self.n_tokens - n_over)


def common_runs(old: Sequence[int], new: Sequence[int], shortest: int) -> tuple[Run, ...]:
    """Runs of at least `shortest` tokens, in order in both texts and never overlapping.

    Linear in time. Of the runs that are found it is nearly the choice with most tokens; text that
    repeats itself may have others.
    """
    found = sorted(_found(old, new, shortest), key=lambda run: -run.n_tokens)[:_MOST_RUNS]
    return _best_in_order(sorted(found, key=lambda run: (run.new, run.old)), shortest)


def _found(old: Sequence[int], new: Sequence[int], shortest: int) -> list[Run]:
    gram = min(shortest, _GRAM)
    places: dict[tuple[int, ...], list[int]] = {}
    for index in range(len(old) - gram + 1):
        places.setdefault(tuple(old[index : index + gram]), []).append(index)
    runs: list[Run] = []
    # The same distance between old and new is one run until it breaks off.
    seen_to: dict[int, int] = {}
    for at in range(len(new) - shortest + 1):
        for place in places.get(tuple(new[at : at + gram]), ())[:_MOST_CANDIDATES]:
            if seen_to.get(place - at, 0) > at:
                continue
            length = _length(old, place, new, at)
            seen_to[place - at] = at + length
            if length >= shortest:
                runs.append(Run(place, at, length))
    return runs


def _best_in_order(runs: Sequence[Run], shortest: int) -> tuple[Run, ...]:
    """The chain with the most tokens, each run shortened at its beginning if need be."""
    chains: list[tuple[int, tuple[Run, ...]]] = []
    for run in runs:
        best: tuple[int, tuple[Run, ...]] = (run.n_tokens, (run,))
        for n_tokens, chain in chains:
            rest = run.after(chain[-1])
            if rest.n_tokens >= shortest and n_tokens + rest.n_tokens > best[0]:
                best = n_tokens + rest.n_tokens, (*chain, rest)
        chains.append(best)
    return max(chains, key=lambda chain: chain[0], default=(0, ()))[1]


def _length(old: Sequence[int], place: int, new: Sequence[int], at: int) -> int:
    length = 0
    most = min(len(old) - place, len(new) - at)
    while length < most and old[place + length] == new[at + length]:
        length += 1
    return length
