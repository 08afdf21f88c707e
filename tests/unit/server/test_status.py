from __future__ import annotations

import json

from sc2_lsp.domain import EmptyReason, Outcome, Suggestion, Usage
from sc2_lsp.server.status import LATENCY_WINDOW, Counters


def test_a_new_session_has_counted_nothing() -> None:
    stats = Counters().to_json()
    assert stats["requests"] == 0
    assert stats["empty"] == {}
    assert stats["latency_ms"] == {"p50": None, "p95": None, "max": None, "n": 0}


def test_outcomes_are_added_up() -> None:
    counters = Counters()
    for _ in range(4):
        counters.count_request()
    usage = Usage(10, prompt_tokens_evaluated=4, generated_tokens=3, generation_steps=2)
    counters.count_outcome(Outcome(Suggestion("x", 0), None, usage), 0.010)
    counters.count_outcome(Outcome(Suggestion("x", 0), None, Usage(cached=True)), 0.020)
    counters.count_outcome(Outcome(None, EmptyReason.BLANK, usage), 0.030)
    stats = counters.to_json()
    assert json.loads(json.dumps(stats)) == stats
    assert stats == {
        "requests": 4,
        "suggestions": 2,
        "empty": {"blank": 1},
        "last_empty": "blank",
        "cache_hits": 1,
        "prompt_tokens": 20,
        "prompt_tokens_evaluated": 8,
        "generated_tokens": 6,
        "generation_steps": 4,
        "latency_ms": {"p50": 20.0, "p95": 30.0, "max": 30.0, "n": 3},
    }


def test_percentiles_are_nearest_ranks_of_the_latest_answers() -> None:
    counters = Counters()
    for number in range(LATENCY_WINDOW + 100):
        counters.count_outcome(Outcome(None, None), float(number >= 100))
    for number in range(1, 101):
        counters.count_outcome(Outcome(None, None), number / 1000)
    latency = counters.to_json()["latency_ms"]
    assert latency["n"] == LATENCY_WINDOW
    assert latency["max"] == 1000.0

    fresh = Counters()
    for number in range(1, 101):
        fresh.count_outcome(Outcome(None, None), number / 1000)
    assert fresh.to_json()["latency_ms"] == {"p50": 50.0, "p95": 95.0, "max": 100.0, "n": 100}
