"""Measures which columns of a model's matrices matter for code like the user's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from quantize.child import Event, run_job
from quantize.gguf_header import read_header
from quantize.replacing import forget, replacing

CHECKPOINT_S = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What to evaluate: the code below `corpus`, or the plain text in the file `text`.

    `half` 0 or 1 takes every second file, so that what is measured with the one half can be
    checked with the other. At most `n_chunks` chunks of 512 tokens are taken.
    """

    n_chunks: int
    corpus: Path | None = None
    text: Path | None = None
    half: int | None = None

    def options(self) -> dict[str, object]:
        """As the jobs want it."""
        return {
            "corpus": str(self.corpus) if self.corpus else None,
            "text": str(self.text) if self.text else None,
            "half": self.half,
            "n_chunks": self.n_chunks,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """What an importance matrix was made from; an earlier, stopped run did `n_resumed` chunks."""

    n_chunks: int
    n_resumed: int
    n_matrices: int


def measure(
    model: Path,
    sample: Sample,
    target: Path,
    n_threads: int,
    progress: Callable[[int, int], object],
    checkpoint_s: float = CHECKPOINT_S,
) -> Summary:
    """Write the importance matrix to `target`, whole or not at all.

    What is done so far is kept beside it, as `TARGET.checkpoint`, until the whole is there.
    `progress` gets the chunks done and their total. Raises QuantizeError.
    """
    read_header(model)
    checkpoint = target.with_name(f"{target.name}.checkpoint")

    def tell(event: Event) -> None:
        progress(event["done"], event["total"])

    with replacing(target) as part:
        options = {
            "model": str(model),
            "target": str(part),
            "checkpoint": str(checkpoint),
            "checkpoint_s": checkpoint_s,
            "n_threads": n_threads,
            **sample.options(),
        }
        summary = Summary(**run_job("imatrix", options, tell))
    forget(checkpoint)
    return summary
