"""What the KV cache holds: the tokens of each sequence, and which cells the sequences share.

This is bookkeeping alone, in step with llama.cpp's unified cache but without it. A cell is a number
that stands for the keys and values of one token; a copied prefix shares its cells with where it
came from, so shared cells always form the beginning of a sequence.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sc2_lsp.engine.ranking import Ranking


@dataclass(slots=True)
class Held:
    """One sequence: its tokens in order and the cell of each.

    `rankings` are known after some of the tokens, by index. The first `n_asked` tokens were part of
    a prompt; those behind were generated. `last_used` grows with every use of any sequence.
    """

    tokens: list[int] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    rankings: dict[int, Ranking] = field(default_factory=dict)
    n_asked: int = 0
    last_used: int = 0


class Sequences:
    """`n_sequences` sequences that together hold at most `n_cells` cells."""

    def __init__(self, n_cells: int, n_sequences: int) -> None:
        self.n_cells = n_cells
        self.held = [Held() for _ in range(n_sequences)]
        self._n_holders: Counter[int] = Counter()
        self._numbers = itertools.count()
        self._n_uses = 0

    @property
    def n_free(self) -> int:
        return self.n_cells - len(self._n_holders)

    def n_holders(self, cell: int) -> int:
        """How many sequences share `cell`."""
        return self._n_holders[cell]

    def touch(self, index: int) -> None:
        """Note that a sequence is used now."""
        self._n_uses += 1
        self.held[index].last_used = self._n_uses

    def append(self, index: int, tokens: Sequence[int]) -> None:
        """Add tokens in cells of their own."""
        cells = list(itertools.islice(self._numbers, len(tokens)))
        self._n_holders.update(cells)
        self.held[index].tokens.extend(tokens)
        self.held[index].cells.extend(cells)

    def cut(self, index: int, n_tokens: int) -> None:
        """Drop all but the first `n_tokens` tokens of a sequence."""
        held = self.held[index]
        if len(held.tokens) <= n_tokens:
            return
        for cell in held.cells[n_tokens:]:
            if self._n_holders[cell] == 1:
                del self._n_holders[cell]
            else:
                self._n_holders[cell] -= 1
        del held.tokens[n_tokens:], held.cells[n_tokens:]
        held.rankings = {i: r for i, r in held.rankings.items() if i < n_tokens}
        held.n_asked = min(held.n_asked, n_tokens)

    def copy_prefix(self, source: int, target: int, n_tokens: int) -> None:
        """Let the empty sequence `target` share the first `n_tokens` tokens of `source`."""
        origin = self.held[source]
        cells = origin.cells[:n_tokens]
        self._n_holders.update(cells)
        self.held[target] = Held(
            tokens=origin.tokens[:n_tokens],
            cells=cells,
            rankings={i: ranking for i, ranking in origin.rankings.items() if i < n_tokens},
            n_asked=min(origin.n_asked, n_tokens),
            last_used=self.held[target].last_used,
        )
