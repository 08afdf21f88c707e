"""Drops blanks and line breaks that a suggestion ends with."""

from __future__ import annotations

from sc2_lsp.postprocess.around import Around

_TIGHT = ")]},;:"


def drop_trailing_blank(suggestion: str, around: Around) -> str:
    """The suggestion without blank at its end.

    Before code on the cursor's line it stays where it sets the two apart: a line break always, a
    blank unless a closing mark or a separator follows.
    """
    rest = around.rest
    if not rest or rest[0].isspace():
        return suggestion.rstrip()
    shorter = suggestion.rstrip(" \t")
    return shorter if rest[0] in _TIGHT and not shorter.endswith(("\n", "\r")) else suggestion
