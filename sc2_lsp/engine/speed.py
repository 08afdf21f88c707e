"""How fast this machine evaluates prompts with the loaded weights, and which prompt that allows."""

from __future__ import annotations

_OPERATIONS_PER_THREAD_S = 1e11
_FEWEST_TOKENS = 16
_WEIGHT = 0.2


class Speed:
    """Prompt tokens a second: a guess from the model's size at first, then what was measured."""

    def __init__(self, n_threads: int, n_params: int) -> None:
        self.tokens_per_s = _OPERATIONS_PER_THREAD_S * n_threads / max(n_params, 1)

    def learn(self, n_tokens: int, seconds: float) -> None:
        """Take in one batch; small ones cost more a token and teach nothing of prompts."""
        if n_tokens >= _FEWEST_TOKENS and seconds > 0:
            self.tokens_per_s += _WEIGHT * (n_tokens / seconds - self.tokens_per_s)


def choose(n_evaluate: list[int], tokens_per_s: float, budget_s: float) -> int:
    """The first of the prompts that fits the budget, else the one with the least to evaluate."""
    for choice, n_tokens in enumerate(n_evaluate):
        if n_tokens <= budget_s * tokens_per_s:
            return choice
    return n_evaluate.index(min(n_evaluate))
