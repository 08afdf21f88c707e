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
from sc2_lsp.engine.runs import Run
from sc2_lsp.engine.sequences import Sequences

N_SEQUENCES = 16
N_SCRATCH_CELLS = 256
"""Cells that the memory needs beyond those that plans may use, for what is dropped at once."""

_SCRATCH = N_SEQUENCES
N_MEMORY_SEQUENCES = N_SEQUENCES + 1
# Some milliseconds at most, after which somebody may want the engine.
_COPIED_AT_ONCE = 128


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
        shift_tokens = self._shift_tokens if self.is_settled else 0
        return kv.plan(self.sequences, wanted, n_room, shift_tokens)

    def execute(self, plan: kv.Plan, wanted: Tokens, batches: Batches) -> None:
        """Let `plan.sequence` hold the prompt `wanted`.

        What was evaluated or copied when it is aborted stays.
        """
        self.arrange(plan)
        held = self.sequences.held[plan.sequence]
        held.n_asked = max(held.n_asked, plan.n_keep)
        for run in plan.copies:
            self._evaluate_to(run.new, plan.sequence, wanted, batches)
            for done in range(0, run.n_tokens, _COPIED_AT_ONCE):
                batches.before()
                n_tokens = min(_COPIED_AT_ONCE, run.n_tokens - done)
                if not self._copy_run(plan, Run(run.old + done, run.new + done, n_tokens)):
                    break  # It is evaluated instead.
        if plan.n_evaluate:
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
        """Whether states can be taken: not while copied keys wait for being turned."""
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

    def _copy_run(self, plan: kv.Plan, run: Run) -> bool:
        """Append to `plan.sequence` a copy of tokens of `plan.source`; whether that worked.

        A cell has one position, so the copy has cells of its own, and their keys are to be turned.
        """
        memory, sequence = self._memory, plan.sequence
        end = run.old + run.n_tokens
        state = self.part(plan.source, run.old, end)
        if not memory.set_state(_SCRATCH, state):
            return False
        memory.move(_SCRATCH, run.old, end, run.new - run.old)
        memory.copy(_SCRATCH, sequence, run.new, run.new + run.n_tokens)
        memory.remove(_SCRATCH, 0, -1)
        self._is_shifting = True
        tokens = self.sequences.held[plan.source].tokens[run.old : end]
        self.sequences.append(sequence, tokens)
        self.sequences.held[sequence].n_asked = run.new + run.n_tokens
        return True

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
        # llama.cpp turns the copied keys before the next evaluation. Aborted in the midst of that
        # it would leave some layers turned and turn them once more the next time.
        self._memory.evaluate(sequence, start, tokens, n_ranked, not self._is_shifting)
        self._is_shifting = False

    def _cut(self, sequence: int, n_tokens: int) -> None:
        self._last_evaluated = None
        self._memory.remove(sequence, n_tokens, -1)
        self.sequences.cut(sequence, n_tokens)
