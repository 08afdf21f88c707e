"""What stands around a cursor in code that is being typed, read from the text alone.

Knows no grammar: a guess from brackets, words and dots, which half a statement does not spoil.
"""

from __future__ import annotations

from dataclasses import dataclass

from sc2_lsp.syntax.receivers import receiver_before
from sc2_lsp.syntax.words import KEYWORDS
from sc2_lsp.text import is_word_char

_REACH_CHARS = 2000
_MAX_CALLS = 3
_CLOSING = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Callee:
    """A name that is called, and the expression before its dot."""

    name: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Place:
    """`word` is typed so far, `receiver` is before its dot; `calls` are open, innermost first."""

    word: str
    receiver: str
    calls: tuple[Callee, ...]


def place_at(content: str, char_offset: int) -> Place:
    """What stands before the cursor at `char_offset`."""
    before = content[max(0, char_offset - _REACH_CHARS) : char_offset]
    callee = _name_before(before, len(before))
    return Place(callee.name, callee.receiver, tuple(_open_calls(before)))


def _open_calls(before: str) -> list[Callee]:
    calls: list[Callee] = []
    awaited: list[str] = []
    at = len(before) - 1
    while at >= 0 and len(calls) < _MAX_CALLS:
        char = before[at]
        if char in "\"'`":
            at = _string_start(before, at)
        elif char in _CLOSING:
            awaited.append(_CLOSING[char])
        elif awaited and char == awaited[-1]:
            awaited.pop()
        elif char == "(" and not awaited:
            callee = _name_before(before, at)
            if callee.name and callee.name not in KEYWORDS:
                calls.append(callee)
        at -= 1
    return calls


def _name_before(before: str, end: int) -> Callee:
    start = end
    while start and is_word_char(before[start - 1]):
        start -= 1
    head = before[:start].encode("utf-8", "surrogatepass")
    return Callee(before[start:end], receiver_before(head, len(head)))


def _string_start(before: str, end: int) -> int:
    """Where the string that ends at `end` begins; `end` itself if that is not on its line."""
    line_start = before.rfind("\n", 0, end) + 1
    start = before.rfind(before[end], line_start, end)
    return end if start < 0 else start
