"""Python text without the bodies of its functions, which an index has no use for.

Parsing is most of what indexing costs, and bodies are most of what is parsed. They are found by
their indentation. Whatever is not plain to see is left in: a signature with brackets deep in
brackets, a string that may hide the end. Every line keeps its number. A caller that gets a tree
with errors is to parse the whole text, because then a string may have been torn apart.
"""

from __future__ import annotations

import re
from functools import cache

_MIN_BODY_BYTES = 40
# Their bodies define the fields of their class.
_KEPT = {b"__init__", b"__post_init__", b"setUp"}

# A pattern that begins with plain letters is searched for many times as fast as one that does not.
_DEF = re.compile(rb"def (\w+)")
_REST_OF_SIGNATURE = re.compile(
    rb"""[ ]?\((?:[^()"'\#]|\([^()"'\#]*\)|"[^"\n]*"|'[^'\n]*')*\)"""
    rb"""[ \t]*(?:->[^\n:\#]*)?:[ \t]*(?:\#[^\n]*)?\r?\n""",
    re.VERBOSE,
)


def without_bodies(data: bytes) -> tuple[bytes, dict[int, int]]:
    """The text with `...` for each body, and for the row of each the last row of that body."""
    kept: list[bytes] = []
    last_rows: dict[int, int] = {}
    at = row = 0
    searched = 0
    while found := _DEF.search(data, searched):
        searched = found.end()
        line_start = data.rfind(b"\n", 0, found.start()) + 1
        before = data[line_start : found.start()].removesuffix(b"async ")
        if before.strip() or found[1] in _KEPT:
            continue
        signature = _REST_OF_SIGNATURE.match(data, searched)
        if signature is None:
            continue
        start = signature.end()
        end = _body_end(data, start, len(before))
        if end - start < _MIN_BODY_BYTES:
            continue
        n_lines = data.count(b"\n", start, end)
        row += data.count(b"\n", at, start)
        kept += (data[at:start], before, b" ...", b"\n" * n_lines)
        last_rows[row] = row + n_lines - 1
        row += n_lines
        at = searched = end
    kept.append(data[at:])
    return b"".join(kept), last_rows


def _body_end(data: bytes, start: int, indent: int) -> int:
    """Where the body ends that starts at `start`; `start` if that is not plain."""
    pattern = _at_most(indent)
    searched = start - 1
    while True:
        found = pattern.search(data, searched)
        end = found.start() + 1 if found else len(data)
        if found is None or data[found.end() - 1] not in b")]}":
            break
        searched = found.end()
    if (data.count(b'"""', start, end) + data.count(b"'''", start, end)) % 2:
        return start
    return _without_trailing(data, start, end)


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
