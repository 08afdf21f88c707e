"""Guesses the next tokens from what stands in the prompt, where checking the guess pays.

Code repeats itself. What followed the last two or three tokens elsewhere often follows them here
too, and a batch of a few tokens costs less than as many steps. How often such a guess comes true is
learnt from plain generation, at no cost: each guess is compared with what is written then. What a
batch costs is measured whenever one is evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

GRAM_SIZES = (3, 2)
BATCH_SIZES = (2, 3, 4, 8)

_MARGIN = 1.1
_STREAKS = BATCH_SIZES[-1]
_RATE_OF_STEP = 0.1
_RATE_OF_COST = 0.05
_WEIGHT_OF_HIT = 0.1
# How much of the way a measured cost goes back to the assumed one with each step, so that one slow
# batch does not end drafting for ever.
_FORGETTING = 0.003
_CPU_COSTS = {2: 1.7, 3: 2.1, 4: 2.5, 8: 4.3}
_GPU_COSTS = {2: 1.05, 3: 1.1, 4: 1.15, 8: 1.3}


@dataclass(slots=True)
class Payoff:
    """What was learnt of guesses and batches on this machine with these weights.

    `step_s` is the time of a single step, `costs` that of a batch in single steps, by its size.
    `hits` tells by the length of the n-gram, and by how many tokens of a guess came true already,
    how likely the next one is to.
    """

    costs: dict[int, float]
    assumed: dict[int, float]
    step_s: float = 0.0
    hits: dict[int, list[float]] = field(
        default_factory=lambda: {n_gram: [0.5] * _STREAKS for n_gram in GRAM_SIZES}
    )

    @staticmethod
    def on(is_gpu: bool) -> Payoff:
        """What is assumed before anything was measured."""
        costs = _GPU_COSTS if is_gpu else _CPU_COSTS
        return Payoff(dict(costs), assumed=dict(costs))

    def best_size(self, n_gram: int, n_right: int, n_most: int) -> int:
        """How many guessed tokens to evaluate beside the certain one, 0 for none."""
        best, best_size = _MARGIN, 0
        hits = self.hits[n_gram]
        expected = reached = 1.0
        for n_guessed in range(1, n_most + 1):
            reached *= hits[min(n_right + n_guessed - 1, _STREAKS - 1)]
            expected += reached
            cost = self.costs.get(n_guessed + 1)
            if cost is not None and expected / cost > best:
                best, best_size = expected / cost, n_guessed
        return best_size

    def learn_hit(self, n_gram: int, n_right: int, is_hit: bool) -> None:
        """After `n_right` right tokens of a guess the next one was right, or was not."""
        hits, streak = self.hits[n_gram], min(n_right, _STREAKS - 1)
        hits[streak] += _WEIGHT_OF_HIT * (is_hit - hits[streak])

    def learn_time(self, n_tokens: int, seconds: float) -> None:
        """A batch of `n_tokens` tokens took so long."""
        if n_tokens == 1:
            self.step_s = _towards(self.step_s or seconds, seconds, _RATE_OF_STEP)
            for size, cost in self.costs.items():
                self.costs[size] = cost + _FORGETTING * (self.assumed[size] - cost)
        elif self.step_s > 0:
            cost = _towards(self.costs[n_tokens], seconds / self.step_s, _RATE_OF_COST)
            self.costs[n_tokens] = max(1.0, cost)


def _towards(estimate: float, seen: float, rate: float) -> float:
    """Follows the median rather than the mean: on a busy machine a step may take ten times as long,
    and would make batches look cheap."""
    return estimate * (1 + rate if seen > estimate else 1 - rate)


class Drafter:
    """Follows the tokens of one generation, its prompt included, and guesses the next ones.

    A guess goes on as long as it comes true, so only a wrong one leads to another place.
    """

    def __init__(self, payoff: Payoff) -> None:
        self.payoff = payoff
        self.n_tokens = 0
        self._tokens: NDArray[np.int32] = np.zeros(1024, np.int32)
        self._n_gram = 0
        self._n_right = 0
        self._place: int | None = None

    def take(self, tokens: Sequence[int]) -> None:
        """`tokens` come next; the guess is compared with them."""
        end = self.n_tokens + len(tokens)
        if end > len(self._tokens):
            self._tokens = np.concatenate([self._tokens, np.zeros(end, np.int32)])
        self._tokens[self.n_tokens : end] = tokens
        self.n_tokens = end
        for token in tokens:
            if self._place is None:
                return
            is_hit = bool(self._tokens[self._place] == token)
            self.payoff.learn_hit(self._n_gram, self._n_right, is_hit)
            self._place, self._n_right = (self._place + 1 if is_hit else None), self._n_right + 1

    def draft(self, n_most: int) -> tuple[int, ...]:
        """At most `n_most` tokens to evaluate behind what was taken; none if that does not pay."""
        if self._place is None:
            self._look_up()
        if self._place is None:
            return ()
        guess = self._tokens[self._place : min(self._place + _STREAKS - 1, self.n_tokens)]
        n_most = min(n_most, len(guess))
        return tuple(guess[: self.payoff.best_size(self._n_gram, self._n_right, n_most)].tolist())

    def _look_up(self) -> None:
        """Find where the last tokens stood last before."""
        tokens = self._tokens[: self.n_tokens]
        for n_gram in GRAM_SIZES:
            n_places = self.n_tokens - n_gram
            if n_places <= 0:
                continue
            same = tokens[:n_places] == tokens[-n_gram]
            for offset in range(1, n_gram):
                same &= tokens[offset : offset + n_places] == tokens[offset - n_gram]
            places = np.flatnonzero(same)
            if len(places):
                self._place, self._n_gram, self._n_right = int(places[-1]) + n_gram, n_gram, 0
                return
