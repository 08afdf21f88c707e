"""Decides what of the KV cache to keep, copy, drop and evaluate: pure, no weights needed.

A prompt is continued where the cache holds the longest beginning of it. What would be lost by that
decides how: a few tokens are dropped in place, more are kept by sharing the beginning with another
sequence, so that the other file, or the other place, stays cached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.runs import Run, common_runs
from sc2_lsp.engine.sequences import Sequences

SHORT_TAIL_TOKENS = 64
"""So many tokens of an earlier prompt are rather dropped than kept in a sequence of their own."""

_STRIDE = 64
_COPY_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """How `sequence` comes to hold the wanted tokens, in this order.

    `cuts` name sequences to be shortened and how many tokens each keeps. The first `n_keep` wanted
    tokens are shared from `source`, unless that is `sequence` itself. `copies` are runs behind
    `n_keep` of `source`, `old` and `new` being indices of the whole sequence, that are copied to
    another position; `source` keeps them. All other wanted tokens are evaluated. If there are none,
    `sequence` may hold more than what is wanted. `n_room` cells are left free for a generation.
    """

    sequence: int
    source: int
    n_keep: int
    n_evaluate: int
    n_room: int
    copies: tuple[Run, ...] = ()
    cuts: tuple[tuple[int, int], ...] = ()

    @property
    def n_copied(self) -> int:
        return sum(run.n_tokens for run in self.copies)


def plan(sequences: Sequences, wanted: Tokens, n_room: int, shift_tokens: int = 0) -> Plan:
    """The cheapest way to `wanted`, with cells for `n_room` more tokens where there are so many.

    `wanted` must not be empty nor longer than the cache. Runs of at least `shift_tokens` tokens may
    be copied, none if it is 0. The last wanted token is evaluated even if it is cached, unless the
    ranking after it is known.
    """
    held = sequences.held
    n_room = max(0, min(n_room, sequences.n_cells - len(wanted)))
    shared = [common_prefix(sequence.tokens, wanted) for sequence in held]
    source = max(range(len(held)), key=lambda index: (shared[index], held[index].last_used))
    if shared[source] == len(wanted) and len(wanted) - 1 in held[source].rankings:
        room = _Room(sequences)
        room.make(len(wanted) + n_room - room.n_tokens[source], {source})
        return Plan(source, source, len(wanted), 0, n_room, cuts=room.cuts())

    n_keep = min(shared[source], len(wanted) - 1)
    n_evaluate = len(wanted) - n_keep
    if copying := _copying(sequences, shared, source, wanted, n_room, shift_tokens):
        return copying

    room = _Room(sequences)
    target = source if _is_short(sequences, source, n_keep) else room.least_needed({source})
    room.cut(target, n_keep if target == source else 0)
    if not room.make(n_evaluate + n_room, {source, target}):
        room.shorten(source, n_keep, n_evaluate + n_room)
    return Plan(target, source, n_keep, n_evaluate, n_room, cuts=room.cuts())


def claim(sequences: Sequences, n_tokens: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """The sequence to put `n_tokens` tokens from elsewhere into, and the cuts that make room."""
    room = _Room(sequences)
    target = room.least_needed(())
    room.cut(target, 0)
    room.make(n_tokens, {target})
    return target, room.cuts()


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens `left` and `right` share at their beginning."""
    n_both = min(len(left), len(right))
    shared = 0
    while shared < n_both:
        end = min(shared + _STRIDE, n_both)
        # Whole strides compare in C; only the stride that differs is walked token by token.
        if list(left[shared:end]) != list(right[shared:end]):
            while left[shared] == right[shared]:
                shared += 1
            return shared
        shared = end
    return n_both


def _is_short(sequences: Sequences, index: int, n_keep: int) -> bool:
    """Whether so little is asked for behind `n_keep` that it may be dropped; what was generated
    does not count."""
    held = sequences.held[index]
    n_lost = held.n_asked - n_keep
    return not held.tokens[n_keep:] or (n_lost <= SHORT_TAIL_TOKENS and n_lost <= n_keep)


def _copying(
    sequences: Sequences,
    shared: Sequence[int],
    source: int,
    wanted: Tokens,
    n_room: int,
    shift_tokens: int,
) -> Plan | None:
    """The plan with the least to evaluate among those that copy runs.

    It has to spare half of what is evaluated otherwise. The place that somebody comes back to is
    often of an older sequence than the longest beginning is.
    """
    n_otherwise = len(wanted) - shared[source]
    if not shift_tokens or n_otherwise < 2 * shift_tokens:
        return None
    near = [i for i, n_shared in enumerate(shared) if n_shared and 2 * n_shared >= shared[source]]
    near.sort(key=lambda index: -sequences.held[index].last_used)
    best: Plan | None = None
    for index in near[:_COPY_CANDIDATES]:
        n_keep = min(shared[index], len(wanted) - 1)
        copies = _runs(sequences.held[index].tokens, n_keep, wanted, shift_tokens)
        n_new = len(wanted) - n_keep
        n_evaluate = n_new - sum(run.n_tokens for run in copies)
        if 2 * n_evaluate > n_otherwise or (best is not None and best.n_evaluate <= n_evaluate):
            continue
        room = _Room(sequences)
        target = room.least_needed({index})
        room.cut(target, 0)
        if room.make(n_new + n_room, {index, target}):
            best = Plan(target, index, n_keep, n_evaluate, n_room, copies, room.cuts())
    return best


def _runs(held: Sequence[int], n_keep: int, wanted: Tokens, shift_tokens: int) -> tuple[Run, ...]:
    """Runs of a sequence's tail that stand in the wanted one too."""
    # The last token is evaluated for its ranking.
    found = common_runs(held[n_keep:], wanted[n_keep:-1], shift_tokens)
    return tuple(Run(run.old + n_keep, run.new + n_keep, run.n_tokens) for run in found)


class _Room:
    """Tries out on paper which sequences to shorten until enough cells are free."""

    def __init__(self, sequences: Sequences) -> None:
        self._sequences = sequences
        self._n_released: Counter[int] = Counter()
        self.n_tokens = [len(held.tokens) for held in sequences.held]
        self.n_free = sequences.n_free

    def cuts(self) -> tuple[tuple[int, int], ...]:
        held = self._sequences.held
        return tuple((i, n) for i, n in enumerate(self.n_tokens) if n < len(held[i].tokens))

    def make(self, n_cells: int, spared: Collection[int]) -> bool:
        """Shorten all but the `spared` sequences until `n_cells` are free; whether they are."""
        while self.n_free < n_cells:
            if not any(n for i, n in enumerate(self.n_tokens) if i not in spared):
                return False
            victim = self.least_needed(spared, holding=True)
            if not self.shorten(victim, 0, n_cells):
                # All its cells are held elsewhere too: nothing is lost, and they can be gained now.
                self.cut(victim, 0)
        return True

    def least_needed(self, spared: Collection[int], holding: bool = False) -> int:
        """An empty sequence, or one that is mostly shared, or the least recently used one."""
        indices = [
            index
            for index, n_tokens in enumerate(self.n_tokens)
            if index not in spared and (n_tokens or not holding)
        ]
        return min(indices, key=self._need)

    def _need(self, index: int) -> tuple[bool, bool, int]:
        n_tokens, held = self.n_tokens[index], self._sequences.held[index]
        return n_tokens > 0, not self._is_mostly_shared(index), held.last_used

    def _is_mostly_shared(self, index: int) -> bool:
        """Whether another sequence holds half of it or more: mostly the same place, but older."""
        n_tokens = self.n_tokens[index]
        return n_tokens > 0 and self._n_holders(index, n_tokens // 2) > 1

    def shorten(self, index: int, n_least: int, n_cells: int) -> bool:
        """Drop tokens that no other sequence shares until `n_cells` are free; whether any were."""
        n_before = n_tokens = self.n_tokens[index]
        n_missing = n_cells - self.n_free
        while n_tokens > n_least and n_before - n_tokens < n_missing:
            if self._n_holders(index, n_tokens - 1) > 1:
                break
            n_tokens -= 1
        self.cut(index, n_tokens)
        return n_tokens < n_before

    def cut(self, index: int, n_tokens: int) -> None:
        for position in range(n_tokens, self.n_tokens[index]):
            if self._n_holders(index, position) == 1:
                self.n_free += 1
            self._n_released[self._sequences.held[index].cells[position]] += 1
        self.n_tokens[index] = n_tokens

    def _n_holders(self, index: int, position: int) -> int:
        cell = self._sequences.held[index].cells[position]
        return self._sequences.n_holders(cell) - self._n_released[cell]
