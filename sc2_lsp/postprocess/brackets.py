"""Ends a suggestion before a bracket or quote that the document holds behind the cursor already."""

from __future__ import annotations

from sc2_lsp.postprocess.around import Around
from sc2_lsp.postprocess.pairs import CLOSER_OF, scan
from sc2_lsp.text import indentation

_MOST_MARKS = 16
"""A suggestion with more closing marks than these is not worth looking through."""


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
    n_faults = scan(typed + rest).n_faults
    if scan(typed + suggestion + rest).n_faults <= n_faults:
        return suggestion
    quote = scan(typed).quote
    inside = scan(suggestion, quote)
    closed_in_rest = {rest[at] for at in scan(rest, quote).closers}
    marks = [at for at in inside.closers if suggestion[at] in closed_in_rest]
    if inside.first_quote is not None:
        marks.append(inside.first_quote)
    for at in sorted(sorted(marks)[:_MOST_MARKS], reverse=True):
        if scan(typed + suggestion[:at] + rest).n_faults <= n_faults:
            return suggestion[:at]
    return suggestion


def _fit_into_block(suggestion: str, around: Around) -> str:
    """Leave the innermost bracket open that a line below the cursor closes.

    Which line closes which bracket is told by their indentation.
    """
    inside = scan(suggestion, scan(around.typed).quote)
    if not inside.closers or inside.openers:
        return suggestion
    openers = scan(around.before).openers
    if not openers:
        return suggestion
    opener = around.before[openers[-1]]
    closer = CLOSER_OF[opener]
    blanks = _indentation_at(around.before, openers[-1])
    below = next(around.code_below(), "")
    first = inside.closers[0]
    if suggestion[first] != closer or not below.startswith(blanks + closer):
        return suggestion
    n_open = _n_at(around.before, openers, opener, blanks)
    n_closed = _n_at(around.after, scan(around.after).closers, closer, blanks)
    return suggestion[:first] if n_closed >= n_open else suggestion


def _n_at(text: str, char_offsets: tuple[int, ...], mark: str, blanks: str) -> int:
    """How many of the marks at `char_offsets` are `mark`, on lines indented by `blanks`."""
    return sum(text[at] == mark and _indentation_at(text, at) == blanks for at in char_offsets)


def _indentation_at(text: str, char_offset: int) -> str:
    start = max(text.rfind("\n", 0, char_offset), text.rfind("\r", 0, char_offset)) + 1
    return indentation(text[start : char_offset + 1])
