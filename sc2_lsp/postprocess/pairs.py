"""Brackets and quotes of a piece of code, counted without knowing its language.

A scan forgets quotes at the end of a line, so a multi-line string counts as code; brackets inside
quotes do not count. Where that is wrong the filters see a text that is badly formed with and
without the suggestion, and leave it alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CLOSER_OF = {"(": ")", "[": "]", "{": "}"}
OPENERS = frozenset(CLOSER_OF)
CLOSERS = frozenset(CLOSER_OF.values())
QUOTES = frozenset("\"'`")

_STRING_PREFIX = re.compile(r"(?<!\w)(?:[rRbBuUfFtTL]|[rR][bBfFtT]|[bBfFtT][rR]|u8)\Z")


@dataclass(frozen=True, slots=True)
class Scan:
    """What a text leaves open.

    `closers` are the char offsets of brackets that close nothing in the text, `openers` of those
    that nothing closes. `quote` is the quotation mark that is open at its end, or empty.
    `first_quote` is the offset at which the quote closes that was open at the start, or None.
    """

    closers: tuple[int, ...]
    openers: tuple[int, ...]
    quote: str
    first_quote: int | None

    @property
    def n_faults(self) -> int:
        """How many marks lack their counterpart."""
        return len(self.closers) + len(self.openers) + bool(self.quote)


def scan(text: str, quote: str = "") -> Scan:
    """Scan a text that starts inside `quote`, or in code where that is empty."""
    closers: list[int] = []
    openers: list[int] = []
    first_quote: int | None = None
    starts_inside = bool(quote)
    at = 0
    while at < len(text):
        char = text[at]
        if char in "\r\n":
            quote, starts_inside = "", False
        elif quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
                if starts_inside:
                    first_quote, starts_inside = at, False
        elif char in QUOTES:
            if char != "'" or not _is_apostrophe(text, at):
                quote = char
        elif char in OPENERS:
            openers.append(at)
        elif char in CLOSERS:
            if openers and CLOSER_OF[text[openers[-1]]] == char:
                openers.pop()
            else:
                closers.append(at)
        at += 1
    return Scan(tuple(closers), tuple(openers), quote, first_quote)


def _is_apostrophe(text: str, at: int) -> bool:
    """Whether the mark at `at` stands inside a word, as in `don't`, and opens no string."""
    if at == 0 or not (text[at - 1].isalnum() or text[at - 1] == "_"):
        return False
    return not _STRING_PREFIX.search(text[max(0, at - 4) : at])
