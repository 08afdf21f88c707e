"""How a benchmark says that it cannot run."""

from __future__ import annotations


class BenchError(Exception):
    """What was asked for cannot be measured or written; the message is one sentence."""
