from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.engine.ranking import rank

values = st.floats(-30, 30, width=32)


@given(st.lists(values, min_size=1, max_size=300), st.integers(1, 70))
def test_the_ranking_is_the_beginning_of_a_stable_sort(given: list[float], n_ranked: int) -> None:
    slow = sorted(range(len(given)), key=lambda token: (-given[token], token))[:n_ranked]
    ranking = rank(np.array(given, np.float32), n_ranked)
    assert list(ranking.tokens) == slow
    assert list(ranking.logits) == [given[token] for token in slow]


@given(st.integers(0, 2**32 - 1), st.sampled_from([2047, 2048, 49152, 49153]))
def test_groups_in_a_large_vocabulary_change_nothing(seed: int, n_vocab: int) -> None:
    # Few different values, so that ties are common.
    logits = np.random.default_rng(seed).integers(0, 500, n_vocab).astype(np.float32)
    slow = np.lexsort((np.arange(n_vocab), -logits))[:64]
    assert list(rank(logits).tokens) == slow.tolist()
