"""The figures of a comparison as a page that needs no network, and as a picture.

The page draws its own curve. The picture takes matplotlib, which only the extra `plots` installs.
"""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import Any

from quantize.failures import BadInput
from quantize.replacing import replacing, write_text
from quantize.verifying import Comparison, table

_WIDTH, _HEIGHT, _MARGIN = 720, 320, 48
_LEAST = 1e-7
"""KL divergences below this one (nats) are drawn as this one: the axis is logarithmic."""

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 46rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
td, th { border-bottom: 1px solid #8886; padding: .3rem .8rem; text-align: right; }
td:first-child, th:first-child { text-align: left; padding-left: 0; }
svg { max-width: 100%; height: auto; font-size: 12px; }
svg text { fill: currentColor; }
.grid { stroke: #8884; }
.curve { fill: none; stroke: #2a78c2; stroke-width: 2; }
"""


def write_html(path: Path, comparison: Comparison) -> None:
    """Write the page to `path`, whole or not at all."""
    title = f"{comparison.b} against {comparison.a}"
    rows = "\n".join(
        f"<tr><td>{escape(name)}</td><td>{escape(a)}</td><td>{escape(b)}</td></tr>"
        for name, a, b in table(comparison)
    )
    figures = comparison.figures
    write_text(
        path,
        f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
<h1>{escape(title)}</h1>
<table>
<tr><th></th><th>A</th><th>B</th></tr>
{rows}
</table>
<p>How far B's predictions are from A's, over {figures.n_tokens} tokens of code: for each share of
the tokens, the KL divergence (nats) that they stay below.</p>
{_curve(figures.kl_percentiles)}
</html>
""",
    )


def _curve(percentiles: tuple[float, ...]) -> str:
    """An SVG: share of tokens from left to right, KL divergence on a logarithmic axis."""
    logs = [math.log10(max(value, _LEAST)) for value in percentiles]
    low, high = math.floor(min(logs)), max(math.ceil(max(logs)), math.floor(min(logs)) + 1)
    inner_width, inner_height = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN

    def x(percent: float) -> float:
        return _MARGIN + inner_width * percent / 100

    def y(log: float) -> float:
        return _HEIGHT - _MARGIN - inner_height * (log - low) / (high - low)

    left, right = f"{x(0):.1f}", f"{x(100):.1f}"
    grid = [
        f'<line class="grid" x1="{left}" x2="{right}" y1="{y(log):.1f}" y2="{y(log):.1f}"/>'
        f'<text x="{_MARGIN - 8}" y="{y(log) + 4:.1f}" text-anchor="end">1e{log}</text>'
        for log in range(low, high + 1)
    ]
    grid += [
        f'<text x="{x(percent):.1f}" y="{_HEIGHT - _MARGIN + 20}" text-anchor="middle">'
        f"{percent} %</text>"
        for percent in range(0, 101, 20)
    ]
    points = " ".join(f"{x(i):.1f},{y(log):.1f}" for i, log in enumerate(logs))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="KL divergence by share">\n'
        + "\n".join(grid)
        + f'\n<polyline class="curve" points="{points}"/>\n</svg>'
    )


def check_png() -> None:
    """Raise BadInput unless pictures can be drawn here."""
    _pyplot()


def write_png(path: Path, comparison: Comparison) -> None:
    """Write the picture to `path`, whole or not at all. Raises BadInput without matplotlib."""
    pyplot = _pyplot()
    percentiles = [max(value, _LEAST) for value in comparison.figures.kl_percentiles]
    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    try:
        axes.semilogy(range(101), percentiles)
        axes.set_title(f"{comparison.b} against {comparison.a}")
        axes.set_xlabel("share of the tokens that stay below (%)")
        axes.set_ylabel("KL divergence (nats)")
        axes.grid(alpha=0.3)
        with replacing(path) as part:
            figure.savefig(part, format="png", dpi=150)
    finally:
        pyplot.close(figure)


def _pyplot() -> Any:
    try:
        import matplotlib

        matplotlib.use("agg")
        from matplotlib import pyplot
    except ImportError:
        raise BadInput(
            "A picture needs matplotlib: install it with pip install 'sc2-lsp[plots]', "
            "or take --html, which needs nothing."
        ) from None
    return pyplot
