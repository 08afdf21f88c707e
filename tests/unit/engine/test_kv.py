from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.engine.kv import common_prefix, plan

tokens = st.lists(st.integers(0, 2), max_size=200)


@given(tokens, tokens)
def test_the_common_prefix_is_what_a_slow_walk_finds(left: list[int], right: list[int]) -> None:
    slow = 0
    while slow < min(len(left), len(right)) and left[slow] == right[slow]:
        slow += 1
    assert common_prefix(left, right) == slow


@given(tokens, tokens.filter(bool), st.integers(0, 200))
def test_a_plan_leaves_the_wanted_tokens_in_the_cache(
    cached: list[int], wanted: list[int], shared: int
) -> None:
    wanted = cached[:shared] + wanted
    todo = plan(cached, tuple(wanted))
    assert cached[: todo.n_keep] + list(todo.evaluate) == wanted
    assert len(todo.evaluate) >= 1


def test_a_typed_token_costs_one_token() -> None:
    assert plan([1, 2, 3], (1, 2, 3, 4)).evaluate == (4,)


def test_the_same_prompt_again_costs_its_last_token() -> None:
    assert plan([1, 2, 3], (1, 2, 3)).evaluate == (3,)
