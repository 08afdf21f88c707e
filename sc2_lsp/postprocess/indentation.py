"""Keeps the first line of a suggestion where the user set it: what is typed is not typed twice."""

from __future__ import annotations

import re

from sc2_lsp.postprocess.around import Around
from sc2_lsp.postprocess.lines import split
from sc2_lsp.text import indent_width, indentation

_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))+")
_OPENS_BLOCK = re.compile(
    r"(?:[:{(\[]|=>|->|\b(?:then|do|else|begin|try|repeat|of|where))\s*$"
    r"|^\s*(?:def|class|module|function|local\s+function)\b"
)


def keep_indentation(suggestion: str, around: Around) -> str:
    """The suggestion without blank that stands before the cursor already."""
    typed = around.typed
    if not typed or typed[-1] not in " \t":
        return suggestion
    if typed.strip():
        return suggestion.lstrip(" \t")

    blank = _BLANK_LINES.match(suggestion)
    if blank and indentation(suggestion[blank.end() :]) == typed:
        # An empty line and the same indentation again: the cursor's own line is meant.
        return suggestion[blank.end() + len(typed) :]
    own = indentation(suggestion)
    code = suggestion[len(own) :]
    if not own or not code or code[0] in "\r\n" or _is_level(typed + own, suggestion, around):
        return suggestion
    return code


def _is_level(blanks: str, suggestion: str, around: Around) -> bool:
    """Whether code indented by `blanks`, more than was typed, fits in at the cursor."""
    width, typed_width = indent_width(blanks), indent_width(around.typed)
    second = next((line for line in split(suggestion)[1:] if line.strip()), None)
    if second is not None and indent_width(indentation(second)) == typed_width:
        return False
    widths_above = [indent_width(indentation(line)) for line in around.code_above()]
    if not widths_above:
        return False
    if width <= widths_above[0]:
        return width in widths_above
    return typed_width <= widths_above[0] and bool(_OPENS_BLOCK.search(next(around.code_above())))
