"""Private keys in PEM, OpenSSH and PGP armour, also where only a part of one is in sight.

The whole block is the secret, first and last line included. A line that only speaks of such a
block, as code that reads keys does, is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from sc2_lsp.secrets.secret import Kind, Secret

_ARMOUR = r"(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
# What stands between the lines of a key in a string of some language, or in a comment.
_BETWEEN = r"(?:\\[nr]|[\s\"'`+,;|#*>().\\])"
_HEADERS = r"(?:(?:\s|\\[nr])*[A-Z][A-Za-z-]+: [^\r\n\\\"]*(?=[\r\n\\])){0,8}"
_BLOCK = re.compile(
    rf"-----BEGIN {_ARMOUR}{_HEADERS}"
    rf"(?P<body>(?:{_BETWEEN}{{1,80}}[A-Za-z0-9/+=]{{16,}})+"
    rf"(?:{_BETWEEN}{{0,80}}=?[A-Za-z0-9/+]{{1,15}}={{0,2}}(?={_BETWEEN}{{0,80}}-----END|\s*\Z))?)"
    rf"(?P<end>{_BETWEEN}{{0,80}}-----END {_ARMOUR})?"
)
_END = re.compile(rf"-----END {_ARMOUR}")
# A line of a block: at most a margin before it and the end of a string behind it.
_LINE = re.compile(
    r"[ \t\"'`#*>+]{0,40}(?P<body>=?[A-Za-z0-9+/]+={0,2})(?:\\[nr])*[\"'`,;+\\ \t\r]{0,40}"
)
_MARGIN, _LINE_END = r"[ \t\"'`#*>+]{0,40}", r"(?:\\[nr])*[\"'`,;+\\ \t]{0,40}(?:\r?\n|\Z)"
_LINES = re.compile(
    rf"(?:^{_MARGIN}[A-Za-z0-9+/]{{60,76}}{_LINE_END}){{3,}}"
    rf"(?:{_MARGIN}[A-Za-z0-9+/]{{16,76}}={{0,2}}{_LINE_END})?",
    re.MULTILINE,
)
# The same in a string, where line breaks are escaped.
_ESCAPED_LINES = re.compile(
    r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{1,76}(?:(?:\\r)?\\n[A-Za-z0-9+/]{60,76}){2,}"
    r"(?:(?:\\r)?\\n[A-Za-z0-9+/]{1,76}={0,2})?"
)
_SHORTEST_LINE = 60
_SURE_CHARS = 40


def find_key_blocks(text: str) -> Iterator[Secret]:
    """Private keys, and parts of them."""
    reached = 0
    if "PRIVATE KEY" in text:
        for block in _BLOCK.finditer(text):
            if block["end"] or _is_mixed(block["body"]):
                reached = block.end()
                yield Secret(block.start(), reached, Kind.KEY)
        for end in _END.finditer(text):
            start = _start_of_lines_above(text, end.start())
            if start < end.start() and start >= reached:
                reached = end.end()
                yield Secret(start, reached, Kind.KEY)
    if any(len(word) >= _SHORTEST_LINE for word in text.split()):
        escaped = _ESCAPED_LINES.finditer(text) if "\\n" in text else iter(())
        for lines in chain(_LINES.finditer(text), escaped):
            if _is_mixed(lines.group()):
                yield Secret(lines.start(), lines.end(), Kind.KEY)


def _is_mixed(body: str) -> bool:
    """Whether `body` is long and has chars of all classes, as base64 of random bytes."""
    return (
        len(body) >= _SURE_CHARS
        and any(char.isdigit() for char in body)
        and any(char.islower() for char in body)
        and any(char.isupper() for char in body)
    )


def _start_of_lines_above(text: str, end: int) -> int:
    """Where the lines of base64 begin that end at `end`; `end` if they are too short for a key."""
    start, longest = end, 0
    line_end = text.rfind("\n", 0, end)
    while line_end >= 0:
        line_start = text.rfind("\n", 0, line_end) + 1
        line = _LINE.fullmatch(text, line_start, line_end)
        if line is None:
            break
        start, longest = line_start, max(longest, len(line["body"]))
        line_end = line_start - 1
    return start if longest >= _SURE_CHARS else end
