"""The report as one HTML page with plots in SVG: no script, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Any

from sc2_lsp.record.entry import Entry, Fate
from sc2_lsp.record.summary import summary

_WIDTH, _HEIGHT, _LABEL = 720, 180, 130
_ROW, _BAR = 24, 16
_LATENCIES_MS = (10, 30, 100, 300, 1000, 3000, 10_000)

_STYLE = """
:root { color-scheme: light dark; --accepted: #2a9d5c; --typed: #4c8dd6; --rejected: #d9a441;
  --passed: #9aa0a6; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 46rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; }
th:first-child, td:first-child { text-align: left; }
svg { width: 100%; height: auto; }
text { fill: currentColor; font-size: 12px; }
.accepted { fill: var(--accepted); } .typed { fill: var(--typed); }
.rejected { fill: var(--rejected); } .passed { fill: var(--passed); }
"""

_MEANING = (
    "accepted: inserted by a key. typed: all of it was typed, or accepted part by part. rejected: "
    "it was on the screen for half a second or longer, and you wrote something else. passed: you "
    "typed on sooner than that. The acceptance rate leaves out what was passed."
)


def page(entries: Sequence[Entry], title: str) -> str:
    """The whole page; `title` says which time it is about."""
    figures = summary(entries)
    parts = [
        f"<h1>{escape(title)}</h1>",
        _table({"all": figures, **figures["by_language"]}),
        f"<p>{escape(_MEANING)}</p>",
        "<h2>By day</h2>",
        _days(figures["by_day"]),
        "<h2>By language</h2>",
        _languages(figures["by_language"]),
        "<h2>Time to a suggestion</h2>",
        _latencies([entry.latency_s * 1000 for entry in entries]),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _table(rows: dict[str, dict[str, Any]]) -> str:
    names = ("", "given", "accepted", "rate", "characters", "p50 ms", "p95 ms")
    header = "".join(f"<th>{name}</th>" for name in names)
    lines = []
    for name, row in rows.items():
        rate = row["acceptance_rate"]
        latency = row["latency_ms"]
        cells = (
            name,
            f"{row['given']:,}",
            f"{row['accepted']:,}",
            "" if rate is None else f"{rate:.0%}",
            f"{row['chars_accepted']:,}",
            "" if latency["p50"] is None else f"{latency['p50']:,.0f}",
            "" if latency["p95"] is None else f"{latency['p95']:,.0f}",
        )
        lines.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return f"<table><tr>{header}</tr>\n" + "\n".join(lines) + "</table>"


def _days(days: Sequence[dict[str, Any]]) -> str:
    """One stacked column a day, on a common scale."""
    most = max((day["given"] for day in days), default=1)
    step = _WIDTH / max(len(days), 7)
    marks = []
    for number, day in enumerate(days):
        top = float(_HEIGHT)
        for fate in Fate:
            height = _HEIGHT * day[fate.value] / most
            top -= height
            title = f"{day['day']}: {day[fate.value]} {fate.value}"
            marks.append(_rect(number * step + 1, top, step - 2, height, fate.value, title))
    labels = [_text(0, _HEIGHT + 16, days[0]["day"])] if days else []
    if len(days) > 1:
        labels.append(_text(len(days) * step, _HEIGHT + 16, days[-1]["day"], "end"))
    return _svg(_HEIGHT + 22, marks + labels) + _legend()


def _languages(languages: dict[str, dict[str, Any]]) -> str:
    """One row a language, of what was not passed."""
    most = max((row["judged"] for row in languages.values()), default=0) or 1
    marks = []
    for number, (name, row) in enumerate(languages.items()):
        y, left = number * _ROW, float(_LABEL)
        marks.append(_text(0, y + _BAR - 4, name or "plain text"))
        for fate in (Fate.ACCEPTED, Fate.TYPED, Fate.REJECTED):
            width = (_WIDTH - _LABEL) * row[fate.value] / most
            title = f"{row[fate.value]} {fate.value}"
            marks.append(_rect(left, y, width, _BAR, fate.value, title))
            left += width
    return _svg(max(len(languages), 1) * _ROW, marks)


def _latencies(latencies_ms: Sequence[float]) -> str:
    """How many suggestions came within which time."""
    bounds = (0.0, *_LATENCIES_MS, float("inf"))
    counts = [
        sum(low <= latency < high for latency in latencies_ms) for low, high in pairwise(bounds)
    ]
    most = max(counts) or 1
    marks = []
    for number, count in enumerate(counts):
        last = number == len(_LATENCIES_MS)
        name = f"{_LATENCIES_MS[-1]:,} ms or more" if last else f"under {bounds[number + 1]:,} ms"
        width = (_WIDTH - _LABEL) * count / most
        marks.append(_text(0, number * _ROW + _BAR - 4, name))
        marks.append(_rect(_LABEL, number * _ROW, width, _BAR, "typed", f"{count}"))
    return _svg(len(counts) * _ROW, marks)


def _legend() -> str:
    marks = []
    for number, fate in enumerate(Fate):
        marks.append(_rect(number * 110, 2, 12, 12, fate.value, fate.value))
        marks.append(_text(number * 110 + 18, 13, fate.value))
    return _svg(18, marks)


def _svg(height: float, marks: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img">{"".join(marks)}</svg>'


def _rect(x: float, y: float, width: float, height: float, class_: str, title: str) -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{class_}" {size}><title>{escape(title)}</title></rect>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
