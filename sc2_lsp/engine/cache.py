"""Carries out the plans of `kv` on a KV cache, and keeps count of what stands in it.

It decides nothing. The memory that it acts on is llama.cpp's in real life; all it knows of it is
`Memory`. After an evaluation that was aborted or failed both still agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from sc2_lsp.domain import Tokens
from sc2_lsp.engine import kv
from sc2_lsp.engine.ranking import Logits, Ranking, rank
from sc2_lsp.engine.sequences import Sequences

N_SEQUENCES = 16
N_SCRATCH_CELLS = 256
"""Cells that the memory needs beyond those that plans may use, for what is dropped at once."""

_PARK = N_SEQUENCES
_SCRATCH = N_SEQUENCES + 1
N_MEMORY_SEQUENCES = N_SEQUENCES + 2


class Memory(Protocol):
    """A KV cache of `N_MEMORY_SEQUENCES` sequences.

    Positions are the indices of tokens; an `end` is exclusive, -1 means all that follow.
    """

    def remove(self, sequence: int, start: int, end: int) -> None: ...

    def copy(self, source: int, target: int, start: int, end: int) -> None: ...

    def move(self, sequence: int, start: int, end: int, delta: int) -> None: ...

    def evaluate(
        self, sequence: int, start: int, tokens: Sequence[int], n_ranked: int, abortable: bool
    ) -> None:
        """Append `tokens`, the first at `start`; the last `n_ranked` get logits.

        Leaves the sequence as it was where it raises.
        """
        ...

    def logits(self, index: int) -> Logits:
        """The logits after the token at `index` of the last evaluation, valid until the next."""
        ...

    def state(self, sequence: int) -> memoryview:
        """The keys and values of a sequence with their positions."""
        ...

    def set_state(self, sequence: int, state: memoryview) -> bool:
        """Give the empty `sequence` a state; false, and it stays empty, where that is none."""
        ...

    def n_positions(self, sequence: int) -> int:
        """The position behind the last token of a sequence."""
        ...


@dataclass(frozen=True, slots=True)
class Batches:
    """Who is asked before each batch of a prompt, and told its tokens after.

    `before` may raise to end the evaluation.
    """

    before: Callable[[], None]
    after: Callable[[int], None]


class KvCache:
    """The sequences in a `Memory`; at most `n_batch` tokens are evaluated at a time."""

    def __init__(self, memory: Memory, n_cells: int, n_batch: int, shift_tokens: int = 0) -> None:
        self.sequences = Sequences(n_cells, N_SEQUENCES)
        self._memory = memory
        self.n_batch = n_batch
        self._shift_tokens = shift_tokens
        self._is_shifting = False
        self._last_evaluated: tuple[int, int] | None = None

    def plan(self, wanted: Tokens, n_room: int) -> kv.Plan:
        """What it would take to hold `wanted`, with room for `n_room` tokens behind."""
        return kv.plan(self.sequences, wanted, n_room, self._shift_tokens)

    def execute(self, plan: kv.Plan, wanted: Tokens, batches: Batches) -> None:
        """Let `plan.sequence` hold the prompt `wanted`.

        What was evaluated when it is aborted stays, unless tokens are to be moved and none is yet:
        then those stay where they stood.
        """
        self.arrange(plan)
        held = self.sequences.held[plan.sequence]
        held.n_asked = max(held.n_asked, plan.n_keep)
        if plan.moves:
            self._evaluate_around(plan, wanted, batches)
        elif plan.n_evaluate:
            self._evaluate_to(len(wanted), plan.sequence, wanted, batches)

    def arrange(self, plan: kv.Plan) -> None:
        """What of a plan comes before any evaluation: shorten sequences, share a prefix."""
        for index, n_tokens in plan.cuts:
            self._cut(index, n_tokens)
        if plan.source != plan.sequence:
            self._memory.copy(plan.source, plan.sequence, 0, plan.n_keep)
            self.sequences.copy_prefix(plan.source, plan.sequence, plan.n_keep)
        self.sequences.touch(plan.sequence)

    def append(self, sequence: int, tokens: Sequence[int], n_ranked: int) -> None:
        """Evaluate `tokens` behind a sequence and keep the rankings after the last `n_ranked`."""
        held = self.sequences.held[sequence]
        start = len(held.tokens)
        self._evaluate(sequence, start, tokens, n_ranked)
        self.sequences.append(sequence, tokens)
        for index in range(len(tokens) - n_ranked, len(tokens)):
            held.rankings[start + index] = rank(self._memory.logits(index))
        if n_ranked:
            self._last_evaluated = (sequence, start + len(tokens))

    def ranking(self, sequence: int, n_tokens: int) -> Ranking | None:
        """The ranking after the first `n_tokens` tokens of a sequence, where it is known."""
        return self.sequences.held[sequence].rankings.get(n_tokens - 1)

    def logits(self, sequence: int, n_tokens: int) -> Logits:
        """All logits after the first `n_tokens` tokens, valid until the next evaluation.

        Costs an evaluation of one token unless that was the last.
        """
        if self._last_evaluated == (sequence, n_tokens):
            return self._memory.logits(-1)
        with self._scratch(sequence, n_tokens - 1):
            token = self.sequences.held[sequence].tokens[n_tokens - 1]
            self._evaluate(_SCRATCH, n_tokens - 1, (token,), 1)
            return self._memory.logits(-1)

    @contextmanager
    def branch(self, sequence: int, n_tokens: int) -> Iterator[Callable[[int], Ranking]]:
        """A function that evaluates one more token each call, behind the first `n_tokens`.

        At most `N_SCRATCH_CELLS` tokens, which are dropped in the end; the sequence stays as it is.
        """
        n_branch = n_tokens

        def append(token: int) -> Ranking:
            nonlocal n_branch
            self._evaluate(_SCRATCH, n_branch, (token,), 1)
            n_branch += 1
            return rank(self._memory.logits(-1))

        with self._scratch(sequence, n_tokens):
            yield append

    @property
    def is_settled(self) -> bool:
        """Whether states can be taken: not while moved keys wait for being turned."""
        return not self._is_shifting

    def part(self, sequence: int, start: int, end: int) -> memoryview:
        """The state of the tokens of a sequence from `start` to `end`, to be restored later."""
        self._memory.copy(sequence, _SCRATCH, start, end)
        try:
            return self._memory.state(_SCRATCH)
        finally:
            self._memory.remove(_SCRATCH, 0, -1)

    def restore(self, tokens: Tokens, parts: Sequence[memoryview]) -> bool:
        """Let a sequence hold `tokens`, given the parts of their state in order; whether it does.

        Others make room for it, even where it fails.
        """
        sequence, cuts = kv.claim(self.sequences, len(tokens))
        for index, n_kept in cuts:
            self._cut(index, n_kept)
        for part in parts:
            if not self._memory.set_state(_SCRATCH, part):
                break
            self._memory.copy(_SCRATCH, sequence, 0, -1)
            self._memory.remove(_SCRATCH, 0, -1)
        if self._memory.n_positions(sequence) != len(tokens):
            self._memory.remove(sequence, 0, -1)
            return False
        self.sequences.append(sequence, tokens)
        self.sequences.held[sequence].n_asked = len(tokens)
        self.sequences.touch(sequence)
        return True

    @contextmanager
    def _scratch(self, sequence: int, n_tokens: int) -> Iterator[None]:
        self._memory.copy(sequence, _SCRATCH, 0, n_tokens)
        try:
            yield
        finally:
            self._memory.remove(_SCRATCH, 0, -1)

    def _evaluate_around(self, plan: kv.Plan, wanted: Tokens, batches: Batches) -> None:
        """Evaluate what stands before, between and behind the runs that are moved.

        A sequence can only be continued at its end. So its tail is parked in another sequence, and
        each run comes back when what stands before it is there.
        """
        memory, sequence = self._memory, plan.sequence
        held = self.sequences.held[sequence]
        tail, n_asked = held.tokens[plan.n_keep :], held.n_asked
        memory.copy(sequence, _PARK, plan.n_keep, -1)
        memory.remove(sequence, plan.n_keep, -1)
        parked = self.sequences.detach(sequence, plan.n_keep)
        returned: set[int] = set()
        try:
            for run in plan.moves:
                self._evaluate_to(run.new, sequence, wanted, batches)
                end = run.old + run.n_tokens
                # In a sequence of its own a run meets no other token at its new positions.
                memory.copy(_PARK, _SCRATCH, run.old, end)
                memory.remove(_PARK, run.old, end)
                memory.move(_SCRATCH, run.old, end, run.new - run.old)
                memory.copy(_SCRATCH, sequence, run.new, run.new + run.n_tokens)
                memory.remove(_SCRATCH, 0, -1)
                self._is_shifting = True
                here = slice(run.old - plan.n_keep, end - plan.n_keep)
                self.sequences.attach(sequence, tail[here], parked[here])
                held.n_asked = len(held.tokens)
                returned.update(parked[here])
            self._evaluate_to(len(wanted), sequence, wanted, batches)
        except BaseException:
            if not returned:
                self._cut(sequence, plan.n_keep)
                memory.copy(_PARK, sequence, plan.n_keep, -1)
                self.sequences.attach(sequence, tail, parked)
                held.n_asked = n_asked
                returned.update(parked)
            raise
        finally:
            memory.remove(_PARK, 0, -1)
            self.sequences.release(cell for cell in parked if cell not in returned)

    def _evaluate_to(self, end: int, sequence: int, wanted: Tokens, batches: Batches) -> None:
        held = self.sequences.held[sequence]
        while (start := len(held.tokens)) < end:
            batches.before()
            # What cannot be aborted is kept short.
            n_tokens = min(1 if self._is_shifting else self.n_batch, end - start)
            is_last = start + n_tokens == len(wanted)
            self.append(sequence, wanted[start : start + n_tokens], n_ranked=int(is_last))
            held.n_asked = len(held.tokens)
            batches.after(n_tokens)

    def _evaluate(self, sequence: int, start: int, tokens: Sequence[int], n_ranked: int) -> None:
        self._last_evaluated = None
        # llama.cpp turns the moved keys before the next evaluation. Aborted in the midst of that it
        # would leave some layers turned and turn them once more the next time.
        self._memory.evaluate(sequence, start, tokens, n_ranked, not self._is_shifting)
        self._is_shifting = False

    def _cut(self, sequence: int, n_tokens: int) -> None:
        self._last_evaluated = None
        self._memory.remove(sequence, n_tokens, -1)
        self.sequences.cut(sequence, n_tokens)
