"""Which tokens of the KV cache to keep, drop and evaluate: a pure function, no weights needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sc2_lsp.domain import Tokens

_STRIDE = 64


@dataclass(frozen=True, slots=True)
class KvPlan:
    """Keep the first `n_keep` cached tokens, drop the others, then evaluate `evaluate`."""

    n_keep: int
    evaluate: Tokens


def plan(cached: Sequence[int], wanted: Tokens) -> KvPlan:
    """The cheapest way from a sequence that holds `cached` to one that holds `wanted`.

    At least the last wanted token is evaluated, because only an evaluation yields the logits that
    follow it. `wanted` must not be empty.
    """
    n_keep = min(common_prefix(cached, wanted), len(wanted) - 1)
    return KvPlan(n_keep, wanted[n_keep:])


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens `left` and `right` share at their beginning."""
    n_both = min(len(left), len(right))
    shared = 0
    while shared < n_both:
        end = min(shared + _STRIDE, n_both)
        # Whole strides compare in C; only the stride that differs is walked token by token.
        if list(left[shared:end]) != list(right[shared:end]):
            while left[shared] == right[shared]:
                shared += 1
            return shared
        shared = end
    return n_both
