"""Parts of plain Python statements: names, types, what is imported. See `plain_python.py`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sc2_lsp.symbols import Import
from sc2_lsp.syntax import python_text as text
from sc2_lsp.syntax.signatures import dedented

_MAX_TYPE_BYTES = 200
_MAX_SIGNATURE_CHARS = 4000


Row = list[Any]
"""The fields of a `Definition`, in their order; the last line is filled in when it is known."""
_END, _BODY = 4, 6


class NotPlain(Exception):
    """The text is to be parsed."""


@dataclass(slots=True)
class Level:
    """A block that is open: how far it is indented, what stands around its statements.

    `row` is that of the definition that ends with it. In a constructor `given` holds the types of
    its parameters. `compound` is the statement that an `else` at this level belongs to.
    """

    indent: int
    container: str
    is_class: bool
    given: dict[str, str] | None
    row: Row | None = None
    compound: str = ""


def end_row(row: Row, last_row: int) -> None:
    row[_END] = last_row
    if row[_BODY] > last_row:
        row[_BODY] = None


def signature_of(data: bytes, start: int, end: int) -> str:
    signature = dedented(data, data[start:end].rstrip(), start)
    if len(signature) > _MAX_SIGNATURE_CHARS:
        signature = signature[:_MAX_SIGNATURE_CHARS].rpartition("\n")[0] + "\n..."
    return signature


def named(name: bytes) -> str:
    """A name as text; raises NotPlain where it is none."""
    decoded = name.decode("utf-8", "replace")
    if not decoded.isidentifier():
        raise NotPlain
    return decoded


def type_name_of(annotation: bytes) -> str:
    """A type as it is written, in one line; empty where it is long."""
    annotation = annotation.strip(b" \t\n\\")
    if len(annotation) > _MAX_TYPE_BYTES:
        return ""
    return " ".join(annotation.decode("utf-8", "replace").lstrip(": ").split())


def given_type(given: dict[str, str], value: bytes) -> str:
    """The type of the parameter that a value is, or is but for its absence; else empty.

    `given` holds the types of the parameters. Raises NotPlain where it is not plain to see.
    """
    found = text.GIVEN.match(value)
    if found is None:
        return ""
    type_name = given.get(found[1].decode("utf-8", "replace"), "")
    if not type_name or found[2] is None:
        return type_name
    rest = text.HELD.sub(b"()", value[found.end() :])
    if b"," in rest or b"lambda" in rest:
        raise NotPlain
    # What binds less than the first operator takes its place at the top.
    stronger = {b"if": (b"if", b"or", b"and"), b"or": (b"and",), b"and": ()}[found[2]]
    return type_name if set(text.OPERATORS.findall(rest)).issubset(stronger) else ""


def plain_imports(data: bytes, start: int, end: int, row: int) -> list[Import]:
    """What an import statement takes; raises NotPlain where it is not one."""
    if names := text.IMPORT.match(data, start, end):
        return [
            Import(module, "", alias or module, row)
            for module, alias in _taken(names[1], text.MODULE_AS)
        ]
    found = text.FROM.match(data, start, end)
    if found is None:
        raise NotPlain
    module, taken = found[1].decode("utf-8", "replace"), found[2]
    if module == "__future__":
        return []
    if taken.strip() == b"*":
        return [Import(module, "*", "", row)]
    return [Import(module, name, alias or name, row) for name, alias in _taken(taken, text.NAME_AS)]


def _taken(names: bytes, pattern: re.Pattern[bytes]) -> list[tuple[str, str]]:
    """The names in an import and what they are called."""
    if b"#" in names:
        names = text.COMMENT.sub(b"", names)
    names = names.strip()
    if names.startswith(b"("):
        names = names[1:-1]
    found = []
    for part in names.replace(b"\\\n", b" ").split(b","):
        if part := part.strip():
            one = pattern.fullmatch(part)
            if one is None:
                raise NotPlain
            found.append(
                (one[1].decode("utf-8", "replace"), (one[2] or b"").decode("utf-8", "replace"))
            )
    return found
