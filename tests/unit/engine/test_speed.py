from __future__ import annotations

import math

import pytest

from sc2_lsp.engine.speed import Speed, choose


def test_before_anything_was_measured_the_size_of_the_model_tells() -> None:
    assert Speed(2, 3_000_000_000).tokens_per_s == pytest.approx(66.7, abs=0.1)


def test_what_is_measured_is_believed_after_a_while() -> None:
    speed = Speed(2, 3_000_000_000)
    for _ in range(50):
        speed.learn(64, 64 / 200)
    assert speed.tokens_per_s == pytest.approx(200, rel=0.01)


def test_small_batches_and_a_clock_that_stands_still_teach_nothing() -> None:
    speed = Speed(2, 3_000_000_000)
    before = speed.tokens_per_s
    speed.learn(15, 0.001)
    speed.learn(64, 0.0)
    assert speed.tokens_per_s == before


@pytest.mark.parametrize(
    ("n_evaluate", "budget_s", "choice"),
    [
        ([1000, 200, 50], math.inf, 0),
        ([1000, 200, 50], 10.0, 0),
        ([1000, 200, 50], 2.0, 1),
        ([1000, 50, 200], 1.0, 1),
        ([1000, 200, 50], 0.1, 2),
        ([1000, 50, 50], 0.1, 1),
        ([0, 5], 0.0, 0),
    ],
)
def test_the_first_prompt_within_the_budget_is_taken_else_the_cheapest(
    n_evaluate: list[int], budget_s: float, choice: int
) -> None:
    assert choose(n_evaluate, 100.0, budget_s) == choice
