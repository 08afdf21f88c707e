"""The figures of a team's load: what a contender did, as Markdown, and beside the other's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.developers import Costs
from sc2_lsp.bench.figures import percentiles

OURS, PEER = "sc2-lsp", "llama.vim"
BEGIN, END = "<!-- team: begin -->", "<!-- team: end -->"


@dataclass(slots=True)
class Sample:
    """What a contender did, in keys, tokens and seconds."""

    name: str
    seconds: float = 0.0
    n_keys: int = 0
    shown_ms: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    n_evaluated: int = 0
    n_generated: int = 0
    server_cpu_s: float = 0.0
    clients_cpu_s: float = 0.0
    n_opening: int = 0
    costs: Costs = field(default_factory=Costs)

    def __iadd__(self, other: Sample) -> Sample:
        self.seconds += other.seconds
        self.n_keys += other.n_keys
        self.shown_ms += other.shown_ms
        self.ends += other.ends
        self.n_evaluated += other.n_evaluated
        self.n_generated += other.n_generated
        self.server_cpu_s += other.server_cpu_s
        self.clients_cpu_s += other.clients_cpu_s
        self.n_opening += other.n_opening
        self.costs += other.costs
        return self


def table(samples: Sequence[Sample]) -> list[str]:
    """Markdown, a row a contender; then how our requests ended."""
    lines = [
        "| | keys | seconds | suggestions shown | a second | of keys | ms from the key, p50 | p95 "
        "| prompt tokens evaluated a key | generated a key | server CPU ms a key "
        "| suggestions a server CPU second | clients CPU ms a key | evaluated before |",
        "| --- |" + " ---: |" * 13,
    ]
    for sample in samples:
        n_keys, n_shown = sample.n_keys or 1, len(sample.shown_ms)
        times = percentiles(sample.shown_ms)
        cells = [
            sample.name,
            str(sample.n_keys),
            f"{sample.seconds:.0f}",
            str(n_shown),
            f"{n_shown / sample.seconds:.2f}",
            f"{n_shown / n_keys:.0%}",
            *(f"{times[name] or 0:.0f}" for name in ("p50", "p95")),
            f"{sample.n_evaluated / n_keys:.1f}",
            f"{sample.n_generated / n_keys:.1f}",
            f"{1000 * sample.server_cpu_s / n_keys:.1f}",
            f"{n_shown / (sample.server_cpu_s or 1):.1f}",
            f"{1000 * sample.clients_cpu_s / n_keys:.1f}",
            str(sample.n_opening),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    for sample in samples:
        if sample.ends:
            ends = ", ".join(f"{end} {n}" for end, n in sample.ends.most_common())
            lines += ["", f"How requests of {sample.name} ended: {ends}."]
            lines += [
                "",
                f"What {sample.name} cost by the kind of key:",
                "",
                *cost_table(sample.costs),
            ]
    return lines


def cost_table(costs: Costs) -> list[str]:
    """Markdown, a row a kind of key; `prepared` and `ahead` were asked while nobody waited."""
    lines = [
        "| | keys | requests | prompt tokens evaluated | a key of all | generated |",
        "| --- |" + " ---: |" * 5,
    ]
    n_keys = sum(costs.n_keys.values()) or 1
    for kind in sorted({*costs.n_keys, *costs.n_asked}):
        n_evaluated = costs.n_evaluated[kind]
        cells = [kind, costs.n_keys[kind], costs.n_asked[kind], n_evaluated]
        cells += [f"{n_evaluated / n_keys:.1f}", costs.n_generated[kind]]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def has_marks(path: Path) -> bool:
    try:
        filled(path.read_text(encoding="utf-8"), [])
    except (OSError, ValueError):
        return False
    return True


def filled(content: str, lines: Sequence[str]) -> str:
    """`content` with `lines` between its marks; raises ValueError where it has none."""
    head, begin, rest = content.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the file lacks {BEGIN} or {END}")
    return "".join([head, begin, "\n", *(f"{line}\n" for line in lines), end, tail])


def compared(samples: Mapping[str, Sample]) -> list[str]:
    """How many times less we evaluate and more we show, where both were measured."""
    ours, peer = samples.get(OURS), samples.get(PEER)
    if ours is None or peer is None:
        return []
    evaluated = [sample.n_evaluated / (sample.n_keys or 1) for sample in (ours, peer)]
    shown = [len(sample.shown_ms) / sample.seconds for sample in (ours, peer)]
    fewer, more = (
        f"{over / under:.1f} times" if under else "all" for over, under in (evaluated[::-1], shown)
    )
    return [
        f"Prompt tokens evaluated a key: {fewer} fewer (the bar: 5). "
        f"Suggestions shown a second: {more} as many (the bar: 3).",
        "",
    ]
