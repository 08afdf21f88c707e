"""What was lost from model file A to model file B, in figures and in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from quantize.child import Event, run_job
from quantize.gguf_header import read_header
from quantize.imatrix import Sample


@dataclass(frozen=True, slots=True)
class Figures:
    """B against A. KL divergences are in nats per token; `same_top` is a share from 0 to 1.

    Of `n_fims` fill-in-the-middle prompts B completed `fim_b_as_a` exactly as A did, and A and B
    completed `fim_a_as_written` and `fim_b_as_written` as the author had. `kl_percentiles` has 101
    values, from the least to the largest.
    """

    n_tokens: int
    n_chunks: int
    perplexity_a: float
    perplexity_b: float
    kl_mean: float
    kl_median: float
    kl_p99: float
    kl_max: float
    same_top: float
    n_fims: int
    fim_b_as_a: int
    fim_a_as_written: int
    fim_b_as_written: int
    kl_percentiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two files, their sizes in bytes, and the figures of B against A."""

    a: str
    b: str
    size_a: int
    size_b: int
    figures: Figures

    def as_json(self) -> dict[str, object]:
        """Plain values, for a file."""
        return asdict(self)


def compare(
    a: Path,
    b: Path,
    sample: Sample,
    n_fims: int,
    n_threads: int,
    progress: Callable[[int, int], object],
) -> Comparison:
    """Compare the files; `progress` gets the steps done and their total. Raises QuantizeError."""

    def tell(event: Event) -> None:
        progress(event["done"], event["total"])

    for path in (a, b):
        read_header(path)
    options = {
        "a": str(a),
        "b": str(b),
        "n_fims": n_fims,
        "n_threads": n_threads,
        **sample.options(),
    }
    found = run_job("compare", options, tell)
    figures = Figures(**{**found, "kl_percentiles": tuple(found["kl_percentiles"])})
    return Comparison(a.name, b.name, a.stat().st_size, b.stat().st_size, figures)


def from_json(value: Mapping[str, Any]) -> Comparison:
    """The comparison that `as_json` gave."""
    figures = {**value["figures"], "kl_percentiles": tuple(value["figures"]["kl_percentiles"])}
    return Comparison(**{**value, "figures": Figures(**figures)})


def table(comparison: Comparison) -> list[tuple[str, str, str]]:
    """What is said of A and of B, row by row: a name and two texts."""
    it, figures = comparison, comparison.figures
    rows = [
        ("file", it.a, it.b),
        ("size", _size(it.size_a), f"{_size(it.size_b)} ({it.size_b / it.size_a:.0%})"),
        (
            "perplexity",
            f"{figures.perplexity_a:.3f}",
            f"{figures.perplexity_b:.3f} ({figures.perplexity_b / figures.perplexity_a - 1:+.2%})",
        ),
        ("KL divergence from A, mean", "", f"{figures.kl_mean:.5f}"),
        ("KL divergence from A, median", "", f"{figures.kl_median:.5f}"),
        ("KL divergence from A, 99th percentile", "", f"{figures.kl_p99:.5f}"),
        ("same likeliest token as A", "", f"{figures.same_top:.2%}"),
    ]
    if n := figures.n_fims:
        rows += [
            ("completed exactly as A does", "", f"{figures.fim_b_as_a} of {n}"),
            (
                "completed exactly as the author did",
                f"{figures.fim_a_as_written} of {n}",
                f"{figures.fim_b_as_written} of {n}",
            ),
        ]
    return rows


def markdown(comparison: Comparison) -> str:
    """The table, aligned, with what it was measured on."""
    rows = [("", "A", "B"), *table(comparison)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    figures = comparison.figures
    lines.append(f"\n{figures.n_tokens} tokens of {figures.n_chunks} chunks were compared.")
    return "\n".join(lines)


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"
