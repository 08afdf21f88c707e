from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.engine.drafting import BATCH_SIZES, Drafter, Payoff

tokens = st.lists(st.integers(0, 3), max_size=80)


def sure(cost_of_a_batch: float = 1.0) -> Payoff:
    """A machine on which any guess pays."""
    payoff = Payoff.on(is_gpu=False)
    payoff.costs = dict.fromkeys(BATCH_SIZES, cost_of_a_batch)
    payoff.hits = {n_gram: [1.0] * len(hits) for n_gram, hits in payoff.hits.items()}
    return payoff


def slow_guess(text: list[int]) -> list[int]:
    for n_gram in (3, 2):
        for start in range(len(text) - n_gram - 1, -1, -1):
            if len(text) > n_gram and text[start : start + n_gram] == text[-n_gram:]:
                return text[start + n_gram :][:7]
    return []


@given(tokens)
def test_a_draft_is_what_followed_the_last_tokens_before(text: list[int]) -> None:
    drafter = Drafter(sure())
    drafter.take(text)
    guess = slow_guess(text)
    draft = drafter.draft(7)
    assert list(draft) == guess[: len(draft)]
    fitting = [size - 1 for size in BATCH_SIZES if size - 1 <= len(guess)]
    assert len(draft) == max(fitting, default=0)


@given(tokens, st.integers(0, 7))
def test_a_draft_is_no_longer_than_there_is_room(text: list[int], n_most: int) -> None:
    drafter = Drafter(sure())
    drafter.take(text)
    assert len(drafter.draft(n_most)) <= n_most


def test_a_guess_goes_on_while_it_comes_true() -> None:
    drafter = Drafter(sure())
    drafter.take([*range(50), 0, 1, 2])
    assert drafter.draft(3) == (3, 4, 5)
    drafter.take([3, 4, 5, 6])
    assert drafter.draft(7) == (7, 8, 9, 10, 11, 12, 13)


def test_a_wrong_guess_leads_to_another_place() -> None:
    drafter = Drafter(sure())
    drafter.take([*range(50), 0, 1, 2])
    drafter.draft(3)
    drafter.take([40, 41])
    assert drafter.draft(3) == (42, 43, 44)


def test_nothing_is_drafted_before_guesses_were_seen_to_come_true() -> None:
    payoff = Payoff.on(is_gpu=False)
    drafter = Drafter(payoff)
    text = list(range(60))
    drafter.take(text)
    drafter.take(text[:3])
    assert drafter.draft(7) == ()
    for token in text[3:55]:
        drafter.take([token])
        drafter.draft(7)
    assert len(drafter.draft(4)) == 3


def test_guesses_that_fail_end_drafting() -> None:
    payoff = sure(1.5)
    assert payoff.best_size(3, 0, 7) == 7
    for _ in range(30):
        payoff.learn_hit(3, 0, False)
    assert payoff.best_size(3, 0, 7) == 0
    assert payoff.best_size(2, 0, 7) == 7


def test_batches_that_turn_out_dear_end_drafting_until_that_is_long_ago() -> None:
    payoff = sure(1.5)
    payoff.learn_time(1, 0.1)
    for size in BATCH_SIZES:
        for _ in range(60):
            payoff.learn_time(size, 0.1 * size * 2)
    assert payoff.best_size(3, 0, 7) == 0
    for _ in range(2000):
        payoff.learn_time(1, 0.1)
    assert payoff.best_size(3, 0, 7) > 0


def test_a_step_that_was_held_up_does_not_make_batches_look_cheap() -> None:
    payoff = Payoff.on(is_gpu=False)
    for number in range(200):
        payoff.learn_time(1, 2.0 if number % 10 == 0 else 0.1)
        payoff.learn_time(4, 0.25)
    assert payoff.costs[4] == pytest.approx(2.5, rel=0.25)


def test_a_batch_never_counts_as_cheaper_than_a_step() -> None:
    payoff = Payoff.on(is_gpu=False)
    payoff.learn_time(1, 0.1)
    for _ in range(100):
        payoff.learn_time(4, 0.001)
    assert payoff.costs[4] == pytest.approx(1.0)


def test_the_size_is_the_one_with_the_most_tokens_for_its_time() -> None:
    payoff = Payoff.on(is_gpu=False)
    payoff.hits[3] = [0.9] * 8
    sizes = {size: sum(0.9**n for n in range(size)) / payoff.costs[size] for size in BATCH_SIZES}
    best = max(sizes, key=sizes.__getitem__)
    assert payoff.best_size(3, 0, 7) == best - 1
