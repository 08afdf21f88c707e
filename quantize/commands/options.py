"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

from quantize.failures import BadInput
from quantize.imatrix import Sample


def sample(
    corpus: Path | None, text: Path | None, n_chunks: int, half: int | None = None
) -> Sample:
    """What --corpus or --text ask for. Raises BadInput unless it is one of them."""
    if (corpus is None) == (text is None):
        raise BadInput("Say which text to take: --corpus DIR or --text FILE, one of them.")
    return Sample(n_chunks, corpus, text, half)
