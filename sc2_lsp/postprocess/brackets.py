"""Ends a suggestion before a bracket or quote that the document holds behind the cursor already."""

from __future__ import annotations

from sc2_lsp.postprocess.around import Around
from sc2_lsp.postprocess.pairs import CLOSER_OF, scan
from sc2_lsp.text import indentation


def drop_surplus_closers(suggestion: str, around: Around) -> str:
    """The suggestion up to the closing mark that would stand twice if it were accepted.

    Marks that close what the suggestion itself opens are its own and stay.
    """
    if around.rest.strip():
        return _fit_into_line(suggestion, around)
    return _fit_into_block(suggestion, around)


def _fit_into_line(suggestion: str, around: Around) -> str:
    """Keep the cursor's line as well paired as it was: `a, b):` between `f(` and `)` is `a, b`."""
    typed, rest = around.typed, around.rest
    quote = scan(typed).quote
    n_faults = scan(typed + rest).n_faults
    inside = scan(suggestion, quote)
    if scan(typed + suggestion + rest).n_faults <= n_faults:
        return suggestion
    marks = (
        [*inside.closers] if inside.first_quote is None else [inside.first_quote, *inside.closers]
    )
    in_rest = scan(rest, quote)
    for at in sorted(marks, reverse=True):
        closes_in_rest = at == inside.first_quote or any(
            rest[other] == suggestion[at] for other in in_rest.closers
        )
        shorter = suggestion[:at]
        if closes_in_rest and scan(typed + shorter + rest).n_faults <= n_faults:
            return shorter
    return suggestion


def _fit_into_block(suggestion: str, around: Around) -> str:
    """Leave the innermost bracket open that a line below the cursor closes."""
    below = next(around.code_below(), "")
    before = scan(around.before)
    inside = scan(suggestion, scan(around.typed).quote)
    if not below or not before.openers or not inside.closers:
        return suggestion
    opener, first = before.openers[-1], inside.closers[0]
    closer = CLOSER_OF[around.before[opener]]
    if suggestion[first] != closer or not below.lstrip().startswith(closer):
        return suggestion
    if indentation(below) != indentation(_line_of(around.before, opener)):
        return suggestion
    return suggestion[:first]


def _line_of(text: str, char_offset: int) -> str:
    start = max(text.rfind("\n", 0, char_offset), text.rfind("\r", 0, char_offset)) + 1
    return text[start:]
