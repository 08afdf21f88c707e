"""Drops what a suggestion writes once more although it follows the cursor on the same line."""

from __future__ import annotations

from sc2_lsp.postprocess.around import Around
from sc2_lsp.postprocess.lines import keep, split
from sc2_lsp.postprocess.pairs import scan
from sc2_lsp.text import is_word_char


def drop_rest_of_line(suggestion: str, around: Around) -> str:
    """The suggestion without the end that the rest of the cursor's line begins with.

    A suggestion that repeats the whole rest and goes on with further lines ends before it. Brackets
    and quotes that the line needs are kept: after `f(` and before `)`, `g(x)` is no repetition.
    """
    rest = around.rest.rstrip()
    if not rest.strip():
        return suggestion
    if len(split(suggestion)) > 1:
        first = keep(suggestion, 1).rstrip()
        if first.endswith(rest) and _is_fit(first, len(rest), around):
            return first[: -len(rest)]
    written = suggestion.rstrip()
    for size in range(min(len(rest), len(written)), 0, -1):
        if written.endswith(rest[:size]) and _is_fit(written, size, around):
            return written[:-size]
    return suggestion


def _is_fit(written: str, size: int, around: Around) -> bool:
    """Whether the last `size` chars of `written` may go: no word is cut, no pair is broken."""
    shorter, dropped = written[:-size], written[-size:]
    if is_word_char(dropped[0]) and is_word_char(shorter[-1:]):
        return False
    quote = scan(around.typed).quote
    if len(scan(shorter, quote).openers) > len(scan(written, quote).openers):
        return False
    return _n_faults(shorter, around) <= _n_faults(written, around)


def _n_faults(written: str, around: Around) -> int:
    return scan(around.typed + written + around.rest).n_faults
