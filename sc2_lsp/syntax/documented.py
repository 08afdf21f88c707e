"""Where a definition begins when the comment that documents it counts as part of it."""

from __future__ import annotations

_MAX_COMMENT_LINES = 60
# Rust's attributes and the decorators of some languages stand beside what they decorate.
_ATTRIBUTES = {b"//": (b"#[", b"@")}


def documented_start(data: bytes, start: int, start_row: int, line_comment: bytes) -> int:
    """The row where the comment and attributes directly above the byte `start` begin."""
    line_start = data.rfind(b"\n", 0, start) + 1
    if line_start == 0 or data[line_start:start].strip():
        return start_row
    marks = (line_comment, *_ATTRIBUTES.get(line_comment, ()))
    row, end = start_row, line_start - 1
    while end >= 0 and start_row - row < _MAX_COMMENT_LINES:
        above = data.rfind(b"\n", 0, end) + 1
        line = data[above:end].strip()
        if line.endswith(b"*/") and line_comment != b"#":
            opening = data.rfind(b"/*", 0, end)
            above = data.rfind(b"\n", 0, max(opening, 0)) + 1
            if opening < 0 or data[above:opening].strip():
                break
            row -= data.count(b"\n", above, end)
        elif not line.startswith(marks) or line.startswith(b"#!"):
            break
        row -= 1
        end = above - 1
    return row if start_row - row <= _MAX_COMMENT_LINES else start_row
