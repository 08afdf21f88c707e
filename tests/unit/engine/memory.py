"""A KV cache like llama.cpp's unified one, but slow and strict: a list of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sc2_lsp.engine.ranking import Logits


class Aborted(Exception):
    """The evaluation that was to be aborted."""


@dataclass
class Cell:
    token: int
    position: int
    sequences: set[int]


@dataclass
class SlowMemory:
    """Refuses what llama.cpp refuses. Tokens are evaluated as `evaluated` counts.

    `abort_in` is the number of evaluations after which the next abortable one is aborted.
    """

    n_cells: int
    cells: list[Cell] = field(default_factory=list)
    n_evaluated: int = 0
    abort_in: int | None = None
    unturned: bool = False
    _ranked: dict[int, int] = field(default_factory=dict)

    def tokens(self, sequence: int) -> list[int]:
        """What a sequence holds, whose positions must be 0, 1, 2, …"""
        own = sorted(
            (cell for cell in self.cells if sequence in cell.sequences),
            key=lambda cell: cell.position,
        )
        assert [cell.position for cell in own] == list(range(len(own)))
        return [cell.token for cell in own]

    def remove(self, sequence: int, start: int, end: int) -> None:
        for cell in self._range(sequence, start, end):
            cell.sequences.discard(sequence)
        self.cells = [cell for cell in self.cells if cell.sequences]

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        for cell in self._range(source, start, end):
            cell.sequences.add(target)

    def move(self, sequence: int, start: int, end: int, delta: int) -> None:
        for cell in self._range(sequence, start, end):
            assert cell.sequences == {sequence}, "the cell would move under another sequence too"
            cell.position += delta
            self.unturned = True

    def evaluate(
        self, sequence: int, start: int, tokens: Sequence[int], n_ranked: int, abortable: bool
    ) -> None:
        positions = [cell.position for cell in self.cells if sequence in cell.sequences]
        assert start == max(positions, default=-1) + 1, "a sequence is continued at its end"
        assert not (self.unturned and (abortable or len(tokens) > 1)), "keys are to be turned"
        if self.abort_in is not None and abortable:
            if self.abort_in == 0:
                raise Aborted
            self.abort_in -= 1
        assert len(self.cells) + len(tokens) <= self.n_cells, "no cell is free"
        self.unturned = False
        self.n_evaluated += len(tokens)
        for index, token in enumerate(tokens):
            self.cells.append(Cell(token, start + index, {sequence}))
        first = len(tokens) - n_ranked
        self._ranked = {index: tokens[index] for index in range(first, len(tokens))}
        if n_ranked:
            self._ranked[-1] = tokens[-1]

    def logits(self, index: int) -> Logits:
        """The next token is the last one plus one, of ten."""
        logits = np.zeros(10, np.float32)
        logits[(self._ranked[index] + 1) % 10] = 1.0
        return logits

    def state(self, sequence: int) -> memoryview:
        """Tokens and positions."""
        cells = self._range(sequence, 0, -1)
        cells.sort(key=lambda cell: cell.position)
        pairs = [(cell.token, cell.position) for cell in cells]
        return np.array(pairs, np.int64).reshape(-1).view(np.uint8).data

    def set_state(self, sequence: int, state: memoryview) -> bool:
        assert not self._range(sequence, 0, -1), "the state would replace another"
        if len(state) % 16:
            return False
        pairs = np.frombuffer(state, np.int64).reshape(-1, 2).tolist()
        assert len(self.cells) + len(pairs) <= self.n_cells, "no cell is free"
        self.cells += [Cell(token, position, {sequence}) for token, position in pairs]
        return True

    def n_positions(self, sequence: int) -> int:
        cells = self._range(sequence, 0, -1)
        return max((cell.position for cell in cells), default=-1) + 1

    def _range(self, sequence: int, start: int, end: int) -> list[Cell]:
        return [
            cell
            for cell in self.cells
            if sequence in cell.sequences
            and cell.position >= start
            and (end < 0 or cell.position < end)
        ]
