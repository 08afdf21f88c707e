from __future__ import annotations

from sc2_lsp.bench.figures import Answer, Record, percentiles, summary, table
from sc2_lsp.bench.keystrokes import Kind


def answer(
    n_evaluated: int = 0, n_generated: int = 0, elapsed_ms: float = 1.0, is_through: bool = False
) -> Answer:
    n_prompt = 0 if is_through else 100
    return Answer(
        Kind.TYPED, n_prompt, n_evaluated, n_generated, n_generated, elapsed_ms, is_through, True
    )


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentiles([]) == {"n": 0, "p50": None, "p95": None, "max": None}
    assert percentiles([7.0]) == {"n": 1, "p50": 7.0, "p95": 7.0, "max": 7.0}
    hundred = [float(value) for value in range(100, 0, -1)]
    assert percentiles(hundred) == {"n": 100, "p50": 50.0, "p95": 95.0, "max": 100.0}


def test_a_summary_counts_each_keystroke_and_times_only_full_suggestions() -> None:
    answers = [
        answer(n_evaluated=3, n_generated=8, elapsed_ms=80.0),
        answer(n_evaluated=1, n_generated=2, elapsed_ms=20.0),
        answer(elapsed_ms=2.0, is_through=True),
        answer(elapsed_ms=4.0, is_through=True),
    ]
    figures = summary(Record("ours", answers, n_background_evaluated=6, cpu_s=0.5), 8)
    assert figures["n_evaluated_mean"] == 1.0
    assert figures["n_evaluated_max"] == 3
    assert figures["n_prompt_mean"] == 100.0
    assert figures["suggestion_ms"] == {"n": 1, "p50": 80.0, "p95": 80.0, "max": 80.0}
    assert figures["typed_through_share"] == 0.5
    assert figures["typed_through_ms"]["p95"] == 4.0
    assert figures["answer_ms"]["max"] == 80.0


def test_a_table_has_a_cell_for_every_column_even_where_nothing_was_measured() -> None:
    rows = table([Record("none", cpu_s=None), Record("ours", [answer(1, 8, 9.0)])], 8).splitlines()
    assert len(rows) == 4
    assert len({row.count("|") for row in rows}) == 1
    assert rows[3].startswith("| ours | 1 | 100 | 1.00 | 1 | 0.00 | 9.0 |")
