"""What the measurements rely on that no type checker sees."""

from __future__ import annotations

from benchmarks.developers import slow_down
from sc2_lsp.engine.remote import silence


def test_every_wait_that_a_benchmark_stretches_is_there() -> None:
    before_s = silence.PATIENCE_S
    # It raises AttributeError for one that is not.
    slow_down(1.0)
    assert before_s == silence.PATIENCE_S
