"""Which tokens a model thinks likeliest to come next: the top of its logits, kept after evaluation.

llama.cpp overwrites the logits with every evaluation. The few that matter are small enough to be
kept beside each token of the KV cache, so that what was computed once need not be again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]

N_RANKED = 64
_N_BLOCKS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The likeliest tokens, best first, and their logits."""

    tokens: tuple[int, ...]
    logits: tuple[float, ...]


def rank(logits: Logits, n_ranked: int = N_RANKED) -> Ranking:
    """The `n_ranked` highest of `logits`, of equal ones the lower token first."""
    candidates = np.flatnonzero(logits >= _threshold(logits, n_ranked))
    values = logits[candidates]
    order: NDArray[Any] = np.lexsort((candidates, -values))[:n_ranked]
    return Ranking(tuple(candidates[order].tolist()), tuple(values[order].tolist()))


def _threshold(logits: Logits, n_ranked: int) -> float:
    """A value that at least `n_ranked` logits reach, and not many more.

    The maxima of small blocks are ranked instead of all logits, at a fifth of the time.
    """
    block = len(logits) // max(_N_BLOCKS, n_ranked)
    if block < 2:
        return float(np.partition(logits, -min(n_ranked, len(logits)))[-n_ranked:].min())
    maxima = logits[: len(logits) // block * block].reshape(-1, block).max(axis=1)
    return float(np.partition(maxima, -n_ranked)[-n_ranked])
