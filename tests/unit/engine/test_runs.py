from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.engine.runs import Run, common_runs

tokens = st.lists(st.integers(0, 3), max_size=120)


@given(tokens, tokens, st.integers(1, 20))
def test_runs_are_equal_long_enough_and_in_order(
    old: list[int], new: list[int], shortest: int
) -> None:
    old_end = new_end = 0
    for run in common_runs(old, new, shortest):
        assert run.n_tokens >= shortest
        assert run.old >= old_end
        assert run.new >= new_end
        old_end, new_end = run.old + run.n_tokens, run.new + run.n_tokens
        assert old[run.old : old_end] == new[run.new : new_end]


@given(tokens.filter(lambda text: len(text) >= 8))
def test_the_same_text_is_one_run(text: list[int]) -> None:
    assert common_runs(text, text, 8) == (Run(0, 0, len(text)),)


def test_a_change_in_the_middle_leaves_two_runs() -> None:
    old = list(range(100))
    new = [*range(40), 500, 501, *range(45, 100)]
    assert common_runs(old, new, 16) == (Run(0, 0, 40), Run(45, 42, 55))


def test_a_short_run_is_none() -> None:
    assert common_runs(list(range(10)), list(range(10)), 11) == ()


def test_a_long_run_is_not_given_up_for_a_short_one_before_it() -> None:
    typed, below = list(range(20)), list(range(100, 200))
    old = [*below, 999, *typed]
    new = [*typed, *below, 998]
    assert common_runs(old, new, 16) == (Run(0, 20, 100),)
