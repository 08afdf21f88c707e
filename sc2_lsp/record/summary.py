"""Sums the record up: rates, characters and latencies, as a whole, by language and by day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sc2_lsp.record.entry import Entry, Fate


def summary(entries: Sequence[Entry]) -> dict[str, Any]:
    """All figures as plain JSON: those of `figures`, and the same by language, cause and day.

    Days are of the local time zone; languages stand in the order of what was given.
    """
    return {
        **figures(entries),
        "by_language": _by(entries, lambda entry: entry.language_id),
        "by_cause": _by(entries, lambda entry: entry.cause.value),
        "by_day": [
            {"day": day, **_counts(of_day)}
            for day, of_day in sorted(_groups(entries, _day).items())
        ],
    }


def figures(entries: Sequence[Entry]) -> dict[str, Any]:
    """Plain JSON. `judged` are those that were not passed; the rate is of them, null without any.

    `chars_accepted` were inserted by accepting, `chars_typed` of suggestions typed or accepted in
    parts.
    """
    counts = _counts(entries)
    judged = len(entries) - counts[Fate.PASSED.value]
    accepted = [entry for entry in entries if entry.fate is Fate.ACCEPTED]
    n_accepted = sum(entry.n_accepted for entry in accepted)
    return {
        **counts,
        "judged": judged,
        "acceptance_rate": round(len(accepted) / judged, 4) if judged else None,
        "chars_accepted": n_accepted,
        "chars_typed": sum(entry.n_kept for entry in entries) - n_accepted,
        "latency_ms": _latency_ms(entries),
    }


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of all do not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(1, -int(-share * len(ordered) // 1)) - 1]


def _counts(entries: Sequence[Entry]) -> dict[str, int]:
    fates = Counter(entry.fate for entry in entries)
    return {"given": len(entries), **{fate.value: fates[fate] for fate in Fate}}


def _latency_ms(entries: Iterable[Entry]) -> dict[str, float | None]:
    ordered = sorted(round(entry.latency_s * 1000, 1) for entry in entries)
    return {"p50": percentile(ordered, 0.50), "p95": percentile(ordered, 0.95)}


def _by(entries: Sequence[Entry], key: Callable[[Entry], str]) -> dict[str, dict[str, Any]]:
    groups = sorted(_groups(entries, key).items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return {name: figures(group) for name, group in groups}


def _groups(entries: Iterable[Entry], key: Callable[[Entry], str]) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[key(entry)].append(entry)
    return groups


def _day(entry: Entry) -> str:
    return datetime.fromtimestamp(entry.given_at_s).astimezone().strftime("%Y-%m-%d")
