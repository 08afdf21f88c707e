"""Gives the suggestion's lines the line breaks of the document."""

from __future__ import annotations

import re

from sc2_lsp.postprocess.around import Around

_BREAK = re.compile(r"\r\n|\n|\r")


def use_document_breaks(suggestion: str, around: Around) -> str:
    """The suggestion with every line break written as the one nearest to the cursor is."""
    here = _document_break(around)
    return _BREAK.sub(lambda _: here, suggestion)


def _document_break(around: Around) -> str:
    below = _BREAK.search(around.after)
    if below:
        return below.group()
    above = _BREAK.findall(around.before)
    return above[-1] if above else "\n"
