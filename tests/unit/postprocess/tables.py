"""Tables of two strings each: a document with `<CURSOR>` in it and a suggestion, and what stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sc2_lsp.postprocess import Around

CURSOR = "<CURSOR>"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: why it is there, what goes in and what has to come out."""

    why: str
    document: str
    suggestion: str
    expected: str


def around(document: str) -> Around:
    """The document around its `<CURSOR>` mark."""
    before, after = document.split(CURSOR)
    return Around(before, after)


def table(*rows: Row) -> Callable[..., object]:
    """Runs a test once for each row, named after why the row is there."""
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.why) for row in rows])
