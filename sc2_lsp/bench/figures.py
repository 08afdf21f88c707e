"""What was measured, keystroke by keystroke, and the few figures that sum it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sc2_lsp.bench.keystrokes import Kind


@dataclass(frozen=True, slots=True)
class Answer:
    """What a keystroke cost, in tokens and in milliseconds from the edit to the answer.

    `n_evaluated` of the `n_prompt` prompt tokens were not in the KV cache. `n_steps` of the
    `n_generated` tokens were evaluated one after the other. `is_typed_through` says that the answer
    came from an earlier suggestion, without the model.
    """

    kind: Kind
    n_prompt: int
    n_evaluated: int
    n_generated: int
    n_steps: int
    elapsed_ms: float
    is_typed_through: bool
    has_suggestion: bool


@dataclass(slots=True)
class Record:
    """Owns what one contender did: its answers, and what it used beside them."""

    name: str
    answers: list[Answer] = field(default_factory=list)
    n_background_evaluated: int = 0
    n_background_steps: int = 0
    cpu_s: float | None = 0.0

    def to_json(self, n_tokens: int) -> dict[str, Any]:
        return {
            "name": self.name,
            "summary": summary(self, n_tokens),
            "keystrokes": msgspec.to_builtins(self.answers),
        }


def summary(record: Record, n_tokens: int) -> dict[str, Any]:
    """The figures of a table's row; None where nothing was measured.

    The time to a suggestion is that of answers for which `n_tokens` were generated.
    """
    answers = record.answers
    n_answers = len(answers) or 1
    evaluated = [answer.n_evaluated for answer in answers]
    asked = [answer for answer in answers if not answer.is_typed_through]
    full = [answer.elapsed_ms for answer in asked if answer.n_generated >= n_tokens]
    through = [answer.elapsed_ms for answer in answers if answer.is_typed_through]
    return {
        "n_keystrokes": len(answers),
        "n_suggestions": sum(answer.has_suggestion for answer in answers),
        "n_prompt_mean": mean([answer.n_prompt for answer in asked]),
        "n_evaluated_mean": mean(evaluated),
        "n_evaluated_max": max(evaluated, default=None),
        "n_background_evaluated": record.n_background_evaluated,
        "n_generated": sum(answer.n_generated for answer in answers),
        "n_steps": sum(answer.n_steps for answer in answers),
        "n_background_steps": record.n_background_steps,
        "answer_ms": percentiles([answer.elapsed_ms for answer in answers]),
        "suggestion_ms": percentiles(full),
        "typed_through_share": len(through) / n_answers,
        "typed_through_ms": percentiles(through),
        "cpu_s": record.cpu_s,
    }


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def percentiles(values: Sequence[float]) -> dict[str, float | int | None]:
    """Nearest ranks: the smallest value that at least that share of all do not exceed."""
    ordered = sorted(values)

    def rank(share: float) -> float | None:
        return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else None

    return {"n": len(ordered), "p50": rank(0.5), "p95": rank(0.95), "max": rank(1.0)}


def table(records: Sequence[Record], n_tokens: int) -> str:
    """A Markdown table, a row a contender."""
    rows = [
        f"| | keys | prompt | evaluated a key, mean | max | in the background | answer ms, p50 "
        f"| p95 | max | {n_tokens} tokens ms, p50 | p95 | of | typed through | CPU s a key |",
        "| --- |" + " ---: |" * 13,
    ]
    for record in records:
        figures = summary(record, n_tokens)
        n_keys = figures["n_keystrokes"] or 1
        cpu_s = figures["cpu_s"]
        cells = [
            record.name,
            str(figures["n_keystrokes"]),
            _shown(figures["n_prompt_mean"], 0),
            _shown(figures["n_evaluated_mean"], 2),
            _shown(figures["n_evaluated_max"], 0),
            _shown(figures["n_background_evaluated"] / n_keys, 2),
            *(_shown(figures["answer_ms"][name], 1) for name in ("p50", "p95", "max")),
            *(_shown(figures["suggestion_ms"][name], 0) for name in ("p50", "p95", "n")),
            f"{figures['typed_through_share']:.0%}",
            _shown(None if cpu_s is None else cpu_s / n_keys, 2),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _shown(value: float | None, n_digits: int) -> str:
    return "" if value is None else f"{value:.{n_digits}f}"
