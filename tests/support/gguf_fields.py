"""Where counts, lengths, types and offsets of a small GGUF file stand, to write others there."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING = 8
_ARRAY = 9


@dataclass(frozen=True, slots=True)
class Field:
    """A number of the header: what it is, where it stands and how many bytes it has."""

    kind: str
    position: int
    n_bytes: int

    def changed(self, data: bytes, value: int) -> bytes:
        """The file with another number there."""
        end = self.position + self.n_bytes
        return data[: self.position] + value.to_bytes(self.n_bytes, "little") + data[end:]


def fields(path: Path) -> list[Field]:
    """All such numbers of the file, but of arrays of texts only the first texts."""
    return _Walk(path.read_bytes()).walk()


class _Walk:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 4
        self._found: list[Field] = []

    def walk(self) -> list[Field]:
        self._number("version", 4)
        n_tensors, n_values = self._number("tensor count", 8), self._number("value count", 8)
        for _ in range(n_values):
            self._text("key length")
            self._value(self._number("value type", 4))
        for _ in range(n_tensors):
            self._text("name length")
            for _ in range(self._number("dimension count", 4)):
                self._number("dimension", 8)
            self._number("tensor type", 4)
            self._number("offset", 8)
        return self._found

    def _value(self, type_id: int) -> None:
        if type_id == _STRING:
            self._text("text length")
        elif type_id == _ARRAY:
            element = self._number("element type", 4)
            n_elements = self._number("element count", 8)
            for number in range(n_elements):
                self._element(element, number < 2)
        else:
            self._position += _SCALAR_BYTES[type_id]

    def _element(self, type_id: int, is_kept: bool) -> None:
        n_found = len(self._found)
        if type_id == _STRING:
            self._text("text length")
        else:
            self._position += _SCALAR_BYTES[type_id]
        if not is_kept:
            del self._found[n_found:]

    def _text(self, kind: str) -> None:
        n_bytes = self._number(kind, 8)
        self._position += n_bytes

    def _number(self, kind: str, n_bytes: int) -> int:
        self._found.append(Field(kind, self._position, n_bytes))
        form = {4: "<I", 8: "<Q"}[n_bytes]
        value: int = struct.unpack_from(form, self._data, self._position)[0]
        self._position += n_bytes
        return value
