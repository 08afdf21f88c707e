"""Cuts a file into the pieces that a search finds.

A piece begins where a definition begins, as long as the one before it is long enough to say
something; text without definitions is cut into windows.
"""

from __future__ import annotations

from collections.abc import Iterable

from sc2_lsp.symbols import Kind

MIN_LINES = 8
MAX_LINES = 40
WINDOW_LINES = 30

_PARTS_OF_OTHERS = frozenset({Kind.VARIABLE, Kind.FIELD})


def piece_starts(n_lines: int, definitions: Iterable[tuple[Kind, int]]) -> list[int]:
    """The first lines of the pieces of a file with `n_lines`, which together cover all of it.

    `definitions` are the kinds of the file's and where they start. No piece has more than
    `MAX_LINES` lines.
    """
    cuts = sorted({start for kind, start in definitions if kind not in _PARTS_OF_OTHERS})
    if not cuts:
        return list(range(0, n_lines, WINDOW_LINES))
    starts = [0]
    for cut in (*cuts, n_lines):
        if cut - starts[-1] < MIN_LINES and cut < n_lines:
            continue
        starts.extend(range(starts[-1] + MAX_LINES, min(cut, n_lines), MAX_LINES))
        if starts[-1] < cut < n_lines:
            starts.append(cut)
    return starts
