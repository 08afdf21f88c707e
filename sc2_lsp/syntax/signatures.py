"""Parts of a definition as text: the comment above it, its signature, its parameters' types."""

from __future__ import annotations

import re

_MAX_COMMENT_LINES = 60
_MAX_BODYLESS_BYTES = 400
_MAX_BODYLESS_LINES = 8

# Rust's attributes and the decorators of some languages stand beside what they decorate.
_ATTRIBUTE = re.compile(rb"#\[.*|@[\w.]+(?:\(.*\))?")

_PARAMETER = re.compile(r"(\w+)\??\s*:\s*([^=]+)")
_PHP_PARAMETER = re.compile(r"(\??[\w\\|]+)\s+(\$\w+)")


def documented_start(data: bytes, start: int, start_row: int, line_comment: bytes) -> int:
    """The row where the comment and attributes directly above the byte `start` begin."""
    line_start = data.rfind(b"\n", 0, start) + 1
    if line_start == 0 or data[line_start - 2 : line_start - 1] == b"\n":
        return start_row
    if line_start != start and data[line_start:start].strip():
        return start_row
    has_attributes = line_comment == b"//"
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
        elif line.startswith(b"#!") or not (
            line.startswith(line_comment) or (has_attributes and _ATTRIBUTE.fullmatch(line))
        ):
            break
        row -= 1
        end = above - 1
    return row if start_row - row <= _MAX_COMMENT_LINES else start_row


def up_to_body(data: bytes, start: int, body: int, line_comment: bytes) -> str:
    """The signature that begins at the byte `start`, where a body begins at `body`."""
    text = data[start:body].rstrip()
    while b"\n" in text:
        # A comment between a signature and its body belongs to the body.
        head, _, last = text.rpartition(b"\n")
        if not last.lstrip().startswith(line_comment):
            break
        text = head.rstrip()
    return dedented(data, text.removesuffix(b" ="), start)


def without_body(data: bytes, start: int, end: int) -> str:
    """The text of what has no body; of a long one the first line."""
    text = data[start:end]
    if len(text) > _MAX_BODYLESS_BYTES or text.count(b"\n") >= _MAX_BODYLESS_LINES:
        first_line = text[:_MAX_BODYLESS_BYTES].partition(b"\n")[0]
        return first_line.decode("utf-8", "replace").rstrip() + " ..."
    return dedented(data, text.rstrip(), start)


def dedented(data: bytes, text: bytes, start: int) -> str:
    """`text`, which begins at `start`, with the indentation of its first line taken off."""
    decoded = text.decode("utf-8", "replace")
    if "\n" not in decoded:
        return decoded
    if "\r" in decoded:
        decoded = decoded.replace("\r\n", "\n")
    line = data[data.rfind(b"\n", 0, start) + 1 : start].decode("utf-8", "replace")
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return decoded.replace("\n" + indent, "\n") if indent else decoded


def given_types(parameters: str) -> dict[str, str]:
    """The parameters in brackets that have a type, and what it is."""
    types: dict[str, str] = {}
    for parameter in _split(parameters[1:-1]):
        if match := _PHP_PARAMETER.search(parameter):
            types[match[2]] = match[1].lstrip("?")
        elif match := _PARAMETER.search(parameter):
            types[match[1]] = " ".join(match[2].split())
    return types


def _split(parameters: str) -> list[str]:
    """The parts between the commas that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(parameters):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(parameters[start:at])
            start = at + 1
    return [*parts, parameters[start:]]
