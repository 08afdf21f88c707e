"""Indents a suggestion with tabs where the document does, and with spaces where it does that."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from sc2_lsp.postprocess.around import Around
from sc2_lsp.text import indent_width, indentation

_INDENTATION = re.compile(r"(?<=[\r\n])[ \t]+(?=[^ \t\r\n])")
_FIRST_INDENTATION = re.compile(r"[ \t]+(?=[^ \t\r\n])")
_USUAL_WIDTHS = (4, 2)


def use_document_tabs(suggestion: str, around: Around) -> str:
    """The suggestion with each line indented in the blanks that the lines around it use.

    Left alone where nothing around is indented or both kinds are in use, and where the widths tell
    nothing. A single space counts for neither: it aligns comments in files of tabs.
    """
    around_it = _indentations(around)
    own = _INDENTATION.findall(suggestion)
    if not around.typed.strip():
        own += _FIRST_INDENTATION.findall(suggestion[: len(indentation(suggestion)) + 1])
    if not around_it or not own:
        return suggestion
    if around_it[0].startswith("\t"):
        if any(blanks.startswith("  ") for blanks in around_it):
            return suggestion
        fitting = [n for n in _USUAL_WIDTHS if all(len(blanks) % n == 0 for blanks in own)]
        if not fitting or any("\t" in blanks for blanks in own):
            return suggestion
        return _rewrite(suggestion, around, lambda blanks: "\t" * (len(blanks) // fitting[0]))
    if any("\t" in blanks for blanks in around_it):
        return suggestion
    step = _step(around_it)
    return _rewrite(suggestion, around, lambda blanks: blanks.expandtabs(step))


def _rewrite(suggestion: str, around: Around, convert: Callable[[str], str]) -> str:
    suggestion = _INDENTATION.sub(lambda match: convert(match.group()), suggestion)
    own = indentation(suggestion)
    if around.typed.strip() or not own:
        return suggestion
    return convert(own) + suggestion[len(own) :]


def _indentations(around: Around) -> list[str]:
    """How the lines around the cursor are indented, the nearest first, unindented ones left out."""
    lines = [around.typed, *around.code_above(), *around.code_below()]
    return [blanks for blanks in map(indentation, lines) if blanks]


def _step(indentations: list[str]) -> int:
    """The columns of one level of indentation, 4 where nothing tells."""
    widths = [indent_width(blanks) for blanks in indentations]
    steps = [abs(one - other) for one, other in pairwise(widths)]
    return min((step for step in (*steps, *widths) if step > 1), default=4)
