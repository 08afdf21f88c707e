"""Counters of what the server was asked and what it cost, as the JSON of `sc2.stats`."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from sc2_lsp.domain import EmptyReason, Outcome
from sc2_lsp.server.metrics import Latencies

LATENCY_WINDOW = 1024
LATENCY_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Counters:
    """Owns the counts of this session; percentiles are of the last `LATENCY_WINDOW` answers."""

    def __init__(self) -> None:
        self._n_requests = 0
        self._n_suggestions = 0
        self._n_cache_hits = 0
        self._prompt_tokens = 0
        self._prompt_tokens_evaluated = 0
        self._generated_tokens = 0
        self._generation_steps = 0
        self._empty: Counter[str] = Counter()
        self._last_empty: str | None = None
        self._latencies_s: deque[float] = deque(maxlen=LATENCY_WINDOW)
        self._n_answers = 0
        self._latency_sum_s = 0.0
        # How many answers were between each bound and the one before it.
        self._n_within = [0] * len(LATENCY_BOUNDS_S)

    def count_request(self) -> None:
        self._n_requests += 1

    def count_outcome(self, outcome: Outcome, latency_s: float) -> None:
        """Count an answered request that took `latency_s` seconds."""
        usage = outcome.usage
        self._latencies_s.append(latency_s)
        self._n_answers += 1
        self._latency_sum_s += latency_s
        if (bound := bisect_left(LATENCY_BOUNDS_S, latency_s)) < len(LATENCY_BOUNDS_S):
            self._n_within[bound] += 1
        self._n_cache_hits += usage.cached
        self._prompt_tokens += usage.prompt_tokens
        self._prompt_tokens_evaluated += usage.prompt_tokens_evaluated
        self._generated_tokens += usage.generated_tokens
        self._generation_steps += usage.generation_steps
        if outcome.suggestion is not None:
            self._n_suggestions += 1
            self._last_empty = None
        else:
            self._last_empty = (outcome.reason or EmptyReason.FAILED).value
            self._empty[self._last_empty] += 1

    def latencies(self) -> Latencies:
        """The latencies of all answers of the session."""
        at_most = zip(LATENCY_BOUNDS_S, accumulate(self._n_within), strict=True)
        return Latencies(tuple(at_most), self._n_answers, self._latency_sum_s)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON. Requests still under way are counted as requests alone.

        `last_empty` is why the last answer was none, and null if it was a suggestion.
        """
        return {
            "requests": self._n_requests,
            "suggestions": self._n_suggestions,
            "empty": dict(self._empty),
            "last_empty": self._last_empty,
            "cache_hits": self._n_cache_hits,
            "prompt_tokens": self._prompt_tokens,
            "prompt_tokens_evaluated": self._prompt_tokens_evaluated,
            "generated_tokens": self._generated_tokens,
            "generation_steps": self._generation_steps,
            "latency_ms": _percentiles_ms(self._latencies_s),
        }


def _percentiles_ms(latencies_s: Sequence[float]) -> dict[str, float | int | None]:
    ordered = sorted(latencies_s)
    return {
        "p50": _rank_ms(ordered, 0.50),
        "p95": _rank_ms(ordered, 0.95),
        "max": _rank_ms(ordered, 1.0),
        "n": len(ordered),
    }


def _rank_ms(ordered_s: list[float], share: float) -> float | None:
    """The smallest latency that at least `share` of all do not exceed (nearest rank)."""
    if not ordered_s:
        return None
    rank = max(1, -int(-share * len(ordered_s) // 1))
    return round(ordered_s[rank - 1] * 1000, 3)
