"""Expressions for the text of Python: strings, brackets, headers and ends of statements.

Each takes time in proportion to what it passes: of several ways to read a text only one fits.
"""

from __future__ import annotations

import re
from functools import cache

_MAX_BRACKETS = 6
_BACKSLASH = ord("\\")
# Lines in a body that seem to end it and do not.
_MAX_STEPS = 500

COMMENT = re.compile(rb"#[^\n]*")

_NAME = rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*"
_PATH = _NAME + rb"(?:\." + _NAME + rb")*"
_STRING = (
    rb'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""'
    rb"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    rb'|"(?!"")[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    rb"|'(?!'')[^'\\\n]*(?:\\.[^'\\\n]*)*'"
)


def _bracketed(depth: int, opening: bytes = rb"[(\[{]", closing: bytes = rb"[)\]}]") -> bytes:
    """What is in brackets, with up to so many brackets around each other."""
    plain = rb"[^()\[\]{}\"'#\\]*"
    inner = _STRING + rb"|#[^\n]*\n|\\."
    if depth > 1:
        inner += rb"|" + _bracketed(depth - 1)
    return opening + plain + rb"(?:(?:" + inner + rb")" + plain + rb")*" + closing


_BRACKETS = _bracketed(_MAX_BRACKETS)
_PARENTHESES = _bracketed(_MAX_BRACKETS, rb"\(", rb"\)")


def _up_to(stops: bytes) -> bytes:
    """What stands before the first of `stops` that is in no brackets and no string."""
    plain = rb"[^\n;#\"'()\[\]{}\\" + stops + rb"]*"
    return plain + rb"(?:(?:" + _STRING + rb"|" + _BRACKETS + rb"|\\\n)" + plain + rb")*"


def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


_LINE_END = rb"([ \t]*(?:#[^\n]*)?\n)?"

GAP = _compiled(rb"(?:[ \t]*(?:#[^\n]*)?\n)*([ \t]*)")
STRINGS = _compiled(rb"#[^\n]*|" + _STRING)
WORD = _compiled(rb"@|" + _NAME)
REST = _compiled(_up_to(b""))
AFTER = _compiled(rb"(?:;[ \t]*)?(?:(?:#[^\n]*)?\n)|;[ \t]*")
TARGET = _compiled(rb"(self\.)?(" + _NAME + rb")[ \t]*(=(?!=)|:(?!=)|,)")
TARGETS = _compiled(rb"((?:\*?" + _NAME + rb"[ \t]*,[ \t]*)+(?:\*?" + _NAME + rb"[ \t]*)?)=(?!=)")
OTHER_TARGETS = _compiled(rb"(?:[\w.* \x80-\xff]|" + _BRACKETS + rb")+,[^\n]*=")
ANNOTATION = _compiled(_up_to(b"="))
CALL = _compiled(
    rb"(?:[ \t]|\\\n)*("
    + _NAME
    + rb"(?:(?:"
    + _BRACKETS
    + rb")*\."
    + _NAME
    + rb")*)[ \t]*"
    + _PARENTHESES
    + rb"[ \t]*\Z"
)
GIVEN = _compiled(rb"(?:[ \t]|\\\n)*(" + _NAME + rb")[ \t]*(?:(or|and|if)\b|\Z)")
OPERATORS = _compiled(rb"\b(?:or|and|if)\b")
HELD = _compiled(_STRING + rb"|" + _BRACKETS)
FUNCTION = _compiled(
    rb"(?:async[ \t]+)?def[ \t]+(" + _NAME + rb")[ \t]*(" + _PARENTHESES + rb")[ \t]*"
    rb"(?:->(" + _up_to(b":") + rb"))?:" + _LINE_END
)
CLASS = _compiled(
    rb"class[ \t]+(" + _NAME + rb")[ \t]*(" + _PARENTHESES + rb")?[ \t]*:" + _LINE_END
)
COMPOUND = _compiled(
    rb"(if|elif|else|for|while|try|except|finally|with|async with|async for)\b("
    + _up_to(b":")
    + rb"):(?!=)[ \t]*"
    + _LINE_END
)
ASYNC_COMPOUND = _compiled(rb"async (?:with|for)\b")
SOFT_KEYWORD = _compiled(rb"\w+[ \t]+[\w\"'(\[{~*-]")
NOTHING = _compiled(rb"[ \t]*(?:pass|\.\.\.)[ \t]*(?:#[^\n]*)?\n")
IMPORT = _compiled(rb"import[ \t]+(.*)")
FROM = _compiled(rb"from[ \t]+(\.*(?:" + _PATH + rb")?)[ \t]*\bimport\b(.*)")
MODULE_AS = _compiled(rb"(" + _PATH + rb")(?:\s+as\s+(" + _NAME + rb"))?")
NAME_AS = _compiled(rb"(" + _NAME + rb")(?:\s+as\s+(" + _NAME + rb"))?")


def body_end(data: bytes, start: int, indent: int) -> int | None:
    """Where the block that starts at `start` ends, of a header indented by `indent`; None where
    that is not plain. Blank lines and comments behind it are not part of it."""
    pattern = _at_most(indent)
    searched = start - 1
    for _ in range(_MAX_STEPS):
        found = pattern.search(data, searched)
        end = found.start() + 1 if found else len(data)
        if found is not None and _goes_on(data, found):
            searched = found.end()
            continue
        double, single = data.count(b'"""', start, end), data.count(b"'''", start, end)
        if double and single:
            return _end_by_strings(data, start, pattern)
        if (double + single) % 2 == 0:
            return _without_trailing(data, start, end)
        # The line is part of a string.
        searched = data.find(b'"""' if double else b"'''", end)
        if searched < 0:
            return None
    return None


def _end_by_strings(data: bytes, start: int, pattern: re.Pattern[bytes]) -> int | None:
    """As `body_end` where quotes of both kinds have to be told apart."""
    searched = start
    for string in STRINGS.finditer(data, start):
        while found := pattern.search(data, searched - 1, string.start() + 1):
            searched = found.end()
            if not _goes_on(data, found):
                return _without_trailing(data, start, found.start() + 1)
        searched = string.end()
    while found := pattern.search(data, searched - 1):
        searched = found.end()
        if not _goes_on(data, found):
            return _without_trailing(data, start, found.start() + 1)
    return _without_trailing(data, start, len(data))


def _goes_on(data: bytes, line: re.Match[bytes]) -> bool:
    """Whether a line is part of the one before it, however little it is indented."""
    return data[line.end() - 1] in b")]}" or data[line.start() - 1] == _BACKSLASH


def _without_trailing(data: bytes, start: int, end: int) -> int:
    """`end` moved before the blank lines and comments in front of it."""
    while end > start:
        line_start = data.rfind(b"\n", start, end - 1) + 1
        line = data[max(line_start, start) : end].strip()
        if line and not line.startswith(b"#"):
            return end
        if line_start <= start:
            return start
        end = line_start
    return start


@cache
def _at_most(n_columns: int) -> re.Pattern[bytes]:
    """A line that is indented by at most `n_columns`, and neither blank nor a comment."""
    return re.compile(rb"\n[ \t]{0,%d}[^ \t\r\n#]" % n_columns)
