"""What of a prompt stands still while somebody types: the anchor, and whether it still holds.

An anchor remembers the texts that a prompt was made of: the snippets, the prefix up to a place a
few lines above the cursor, and the suffix. As long as the document only changed between the two,
the next prompt is the same tokens with other typed text, and the KV cache keeps what it has. Places
are at line ends, because a token of StarCoder2's never goes on from code into a line break.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sc2_lsp.domain import Snippet
from sc2_lsp.text import Text

LONGEST_TYPED = 4096
"""Chars between anchor and cursor beyond which no anchor holds."""

_FAR_CHARS = 640
_MOST_LINES_ABOVE = 8
_FEWEST_LINES_ABOVE = 3
# What editors insert by themselves behind the cursor. The model closes what it sees opened, and
# what it closes twice is cut from its answer, so a prompt need not show it.
_CLOSERS = re.compile(r"[\s)\]}>\"'`;:,]*")
_LONGEST_GAP = 48


@dataclass(frozen=True, slots=True)
class Anchor:
    """The still texts of a document's prompt.

    The prefix is the document's text from the char offset `start`, which is where it was then, and
    `lead` the end of what stood before it, for what is cut between a secret and its name.
    `suffix_is_whole` says that the suffix reached the end of the document.
    """

    snippets: tuple[Snippet, ...]
    start: int
    prefix: str
    suffix: str
    suffix_is_whole: bool
    lead: str = ""

    @property
    def at(self) -> int:
        """The char offset behind the prefix, in the document as it was then."""
        return self.start + len(self.prefix)


def typed_since(anchor: Anchor, text: Text, cursor: int) -> str | None:
    """The text between the anchor and the cursor; None if the anchor does not hold any more."""
    at = _place(anchor, text.content, cursor)
    if at is None or gap_behind(anchor, text.content, cursor) is None:
        return None
    return text.content[at:cursor]


def gap_behind(anchor: Anchor, content: str, cursor: int) -> str | None:
    """The closing marks between the cursor and the suffix; None if it stands elsewhere."""
    for n_gap in range(n_closers(content[cursor : cursor + _LONGEST_GAP]) + 1):
        begin = cursor + n_gap
        if content.startswith(anchor.suffix, begin):
            reaches_end = begin + len(anchor.suffix) == len(content)
            if reaches_end or not anchor.suffix_is_whole:
                return content[cursor:begin]
    return None


def _place(anchor: Anchor, content: str, cursor: int) -> int | None:
    """The char offset behind the anchor's prefix, which edits above may have moved."""
    at = anchor.at
    if at <= cursor <= at + LONGEST_TYPED and content.startswith(anchor.prefix, anchor.start):
        return at
    if anchor.start == 0 or not anchor.prefix.strip():
        # What was put before a window that began with the document belongs into it.
        return None
    lowest = max(cursor - LONGEST_TYPED - len(anchor.prefix), 0)
    found = content.rfind(anchor.prefix, lowest, cursor)
    return None if found < 0 else found + len(anchor.prefix)


def n_closers(text: str) -> int:
    """How many closing marks and blanks `text` begins with, up to a small number."""
    found = _CLOSERS.match(text[:_LONGEST_GAP])
    return found.end() if found else 0


def place_above(text: Text, cursor: int) -> int:
    """The char offset at which to drop anchor: behind the code of a line above the cursor.

    Some lines above, at the beginning of a paragraph where there is one: deleting a few lines stays
    behind it, and suggestions are better the more of the middle stands there
    (benchmarks/results/quality.md). Inside a line only if that line is very long.
    """
    lowest = cursor - _FAR_CHARS
    best: int | None = None
    n_lines = 0
    own_line = text.line_at(cursor)
    for number in range(own_line - 1, -1, -1):
        code = text.line(number).rstrip()
        at = text.line_start(number) + len(code)
        if at < lowest or n_lines == _MOST_LINES_ABOVE:
            break
        if code.strip():
            best = at
            n_lines += 1
        elif n_lines >= _FEWEST_LINES_ABOVE:
            break
    if best is not None:
        return best
    own_start = text.line_start(own_line)
    if own_start >= lowest:
        return own_start if own_line and text.content[:own_start].strip() else 0
    middle = cursor - _FAR_CHARS // 2
    blank = text.content.rfind(" ", lowest, middle)
    return blank if blank >= 0 else middle


def suffix_start(text: Text, cursor: int) -> int:
    """Where the shown suffix begins: behind closing marks that end the cursor's line, if any."""
    end = text.line_end(text.line_at(cursor))
    return end if _CLOSERS.fullmatch(text.content, cursor, end) else cursor
