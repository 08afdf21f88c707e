"""Text with its line table, and conversions between char offsets and encoded columns.

Lines end at LF, CRLF or a lone CR and nowhere else, as LSP defines them: form feed, U+2028 and the
other breaks of `str.splitlines` are ordinary characters here. Every position inside the project is
a char offset (an index into a Python `str`); columns of other encodings exist only at the edge.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE_BREAK = re.compile(r"\r\n|\n|\r")  # CRLF stands first because it is one break.
_INDENT = re.compile(r"[ \t]*")
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Text:
    """An immutable text and the char offset at which each of its lines starts.

    A text that ends with a line break has an empty last line, as editors show it.
    """

    content: str
    line_starts: tuple[int, ...]

    @staticmethod
    def of(content: str) -> Text:
        """The text of `content`, with its line table."""
        return Text(content, (0, *_line_starts_after(content, 0, len(content))))

    @property
    def n_lines(self) -> int:
        return len(self.line_starts)

    def line_at(self, char_offset: int) -> int:
        """The zero-based number of the line that holds `char_offset`."""
        return bisect_right(self.line_starts, char_offset) - 1

    def line_start(self, line: int) -> int:
        return self.line_starts[line]

    def line_end(self, line: int) -> int:
        """The char offset behind the last char of `line`, its line break left out."""
        if line + 1 == self.n_lines:
            return len(self.content)
        end = self.line_starts[line + 1]
        if self.content[end - 1] == "\n" and end >= 2 and self.content[end - 2] == "\r":
            return max(end - 2, self.line_starts[line])
        return end - 1

    def line(self, line: int) -> str:
        """The chars of `line` without its line break."""
        return self.content[self.line_starts[line] : self.line_end(line)]

    def splice(self, start: int, end: int, replacement: str) -> Text:
        """The text with the chars from `start` up to `end` replaced.

        Costs one copy of the content and of the line table; only lines that touch the edit are
        searched for line breaks again.
        """
        content = self.content[:start] + replacement + self.content[end:]
        shift = len(replacement) - (end - start)
        # A CR before the edit or an LF behind it may fuse with what the edit brings, or come
        # apart, so the search covers one char more on either side.
        low = max(start - 1, 0)
        high = min(end + 1, len(self.content))
        first = bisect_right(self.line_starts, low)
        last = bisect_right(self.line_starts, high)
        found = _line_starts_after(content, low, min(high + shift, len(content)))
        starts = (
            *self.line_starts[:first],
            *found,
            *(at + shift for at in self.line_starts[last:]),
        )
        return Text(content, starts)


def _line_starts_after(content: str, low: int, high: int) -> list[int]:
    """The offsets behind the line breaks in `content[low:high]`."""
    starts = []
    for match in _LINE_BREAK.finditer(content, low, high):
        end = match.end()
        # A CR that ends the searched part belongs to the LF behind it.
        if content[end - 1] == "\r" and content[end : end + 1] == "\n":
            continue
        starts.append(end)
    return starts


def column_to_char(line: str, column: int, encoding: Encoding) -> int:
    """The char index in `line` of an encoded `column`, clamped to the line's length.

    A column inside a character (between two surrogates, or inside a UTF-8 sequence) counts as the
    start of that character.
    """
    if encoding == "utf-32" or line.isascii():
        return max(0, min(column, len(line)))
    codec, width, is_rest = _UNITS[encoding]
    data = line.encode(codec, "surrogatepass")
    cut = max(0, min(column * width, len(data)))
    while 0 < cut < len(data) and is_rest(data, cut):
        cut -= width
    return len(data[:cut].decode(codec, "surrogatepass"))


def char_to_column(line: str, char_index: int, encoding: Encoding) -> int:
    """The encoded column of `char_index` in `line`; the inverse of `column_to_char`."""
    if encoding == "utf-32" or line.isascii():
        return min(char_index, len(line))
    codec, width, _ = _UNITS[encoding]
    return len(line[:char_index].encode(codec, "surrogatepass")) // width


def _is_low_surrogate(data: bytes, at: int) -> bool:
    return 0xDC <= data[at + 1] <= 0xDF and 0xD8 <= data[at - 1] <= 0xDB


def _is_continuation(data: bytes, at: int) -> bool:
    return 0x80 <= data[at] <= 0xBF


# The codec of an encoding, the bytes of its units, and whether a character goes on at a byte.
_UNITS: dict[str, tuple[str, int, Callable[[bytes, int], bool]]] = {
    "utf-16": ("utf-16-le", 2, _is_low_surrogate),
    "utf-8": ("utf-8", 1, _is_continuation),
}


def indentation(line: str) -> str:
    """The blanks and tabs that `line` starts with."""
    match = _INDENT.match(line)
    return match.group() if match else ""


def indent_width(blanks: str, tab_width: int = 4) -> int:
    """The columns that leading `blanks` take, tabs advancing to multiples of `tab_width`."""
    return len(blanks.expandtabs(tab_width))


def is_word_char(char: str) -> bool:
    """Whether `char` may stand inside an identifier; false for the empty string."""
    return bool(_WORD.match(char))
