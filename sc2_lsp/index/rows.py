"""Takes single definitions out of a packed outline, without unpacking the others.

An outline of a large file has hundreds of definitions, and of these one is wanted. Its row is found
by the bytes that it has to begin with; what looks like them by chance is no row and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sc2_lsp.symbols import Definition

_N_FIELDS = 9
_ROW = 0x90 | _N_FIELDS
_decoder = msgspec.msgpack.Decoder(Definition)


def rows_named(packed: bytes, name: str) -> list[Definition]:
    """The definitions of that name in a packed outline, in their order."""
    return list(_rows_from(packed, bytes((_ROW,)) + msgspec.msgpack.encode(name)))


def _rows_from(packed: bytes, start: bytes) -> Iterator[Definition]:
    at = packed.find(start)
    while at >= 0:
        end = at + 1
        try:
            for _ in range(_N_FIELDS):
                end = _end_of_value(packed, end)
            yield _decoder.decode(packed[at:end])
        except (IndexError, msgspec.DecodeError):
            # Inside of a signature these bytes happen to stand in a row.
            end = at + 1
        at = packed.find(start, end)


def _end_of_value(packed: bytes, at: int) -> int:
    """Where a value ends: a text, a number, nothing, or a list of such.

    Raises IndexError where there is none.
    """
    head = packed[at]
    if 0xA0 <= head <= 0xBF:
        return at + 1 + head - 0xA0
    if head <= 0x7F or head == 0xC0:
        return at + 1
    if width := _TEXT_WIDTHS.get(head):
        return at + 1 + width + int.from_bytes(packed[at + 1 : at + 1 + width], "big")
    if width := _NUMBER_WIDTHS.get(head):
        return at + 1 + width
    if 0x90 <= head <= 0x9F:
        at += 1
        for _ in range(head - 0x90):
            at = _end_of_value(packed, at)
        return at
    if head == 0xDC:
        n_values, at = int.from_bytes(packed[at + 1 : at + 3], "big"), at + 3
        for _ in range(n_values):
            at = _end_of_value(packed, at)
        return at
    raise IndexError


# By what a value begins with, in how many bytes its length or the number itself follows.
_TEXT_WIDTHS = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_NUMBER_WIDTHS = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
