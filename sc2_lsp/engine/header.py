"""Reads the header of a GGUF file: its plain metadata, and how large which tensor is.

Touches no weights and decides nothing. The gguf package reads headers too, but makes an object of
every token and merge of the vocabulary, which takes seconds where this takes hundredths of one.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_DEFAULT_ALIGNMENT = 32
_SCALARS = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_STRING = 8
_ARRAY = 9
_U32 = _SCALARS[4]
_U64 = _SCALARS[10]
_TENSOR_PLACE = struct.Struct("<IQ")
_MOST_DIMENSIONS = 8
_MOST_ELEMENTS = 1 << 24
_SPLIT_NAME = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")

Value = int | float | bool | str


class HeaderError(Exception):
    """The file cannot be read, or is no GGUF file of a version known here."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the file. `type_id` is ggml's number for its type; `n_bytes` includes padding."""

    name: str
    type_id: int
    dimensions: tuple[int, ...]
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a model file says of itself; arrays, such as the vocabulary, are left out."""

    metadata: dict[str, Value]
    tensors: tuple[Tensor, ...]


def read_model_header(path: Path) -> Header:
    """The header of the model at `path`, with the tensors of all files that it is split into.

    Raises HeaderError.
    """
    first = _read_file(path)
    tensors = list(first.tensors)
    for part in _other_parts(path):
        tensors += _read_file(part).tensors
    return Header(first.metadata, tuple(tensors))


def read_texts(path: Path, keys: Collection[str]) -> dict[str, list[str]]:
    """The arrays of texts at `keys`, such as a vocabulary's tokens, of the one file at `path`.

    A key that is not there, or is something else, is left out. Raises HeaderError.
    """
    with _cursor_in(path) as cursor:
        return _read_texts(cursor, keys)


def count_elements(path: Path, key: str) -> int:
    """How many elements the array at `key` has, 0 where there is none; reads no further than that.

    Raises HeaderError.
    """
    with _cursor_in(path) as cursor:
        return _count_elements(cursor, key)


def _other_parts(path: Path) -> Iterator[Path]:
    """The further files of a split model, whose first one llama.cpp is given."""
    found = _SPLIT_NAME.search(path.name)
    if found and int(found[1]) == 1:
        for number in range(2, int(found[2]) + 1):
            yield path.with_name(f"{path.name[: found.start()]}-{number:05d}-of-{found[2]}.gguf")


def _read_file(path: Path) -> Header:
    with _cursor_in(path) as cursor:
        return _read(cursor)


@contextmanager
def _cursor_in(path: Path) -> Iterator[_Cursor]:
    """At the beginning of the file; what cannot be read in here is a HeaderError."""
    try:
        with path.open("rb") as file:
            yield _Cursor(file, path.stat().st_size)
    except (OSError, ValueError, struct.error) as error:
        raise HeaderError(f"{path} has no readable GGUF header: {error}") from error


def _read_counts(cursor: _Cursor) -> tuple[int, int]:
    """How many tensors and how many values there are."""
    if cursor.take(len(_MAGIC)) != _MAGIC:
        raise ValueError("it does not begin as one")
    version = cursor.number(_U32)
    if version not in _VERSIONS:
        raise ValueError(f"version {version} is unknown")
    return cursor.number(_U64), cursor.number(_U64)


def _read_texts(cursor: _Cursor, keys: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    _, n_values = _read_counts(cursor)
    for _ in range(n_values):
        key, type_id = cursor.text(), cursor.number(_U32)
        if type_id != _ARRAY or key not in keys:
            _value(cursor, type_id)
            continue
        element, n_elements = cursor.number(_U32), cursor.number(_U64)
        if element != _STRING:
            _skip_elements(cursor, element, n_elements)
        else:
            found[key] = [cursor.text() for _ in range(n_elements)]
    return found


def _count_elements(cursor: _Cursor, key: str) -> int:
    _, n_values = _read_counts(cursor)
    for _ in range(n_values):
        found, type_id = cursor.text(), cursor.number(_U32)
        if found == key and type_id == _ARRAY:
            cursor.number(_U32)
            return cursor.number(_U64)
        _value(cursor, type_id)
    return 0


def _read(cursor: _Cursor) -> Header:
    n_tensors, n_values = _read_counts(cursor)
    metadata: dict[str, Value] = {}
    for _ in range(n_values):
        key = cursor.text()
        value = _value(cursor, cursor.number(_U32))
        if value is not None:
            metadata[key] = value
    places = [_place(cursor) for _ in range(n_tensors)]
    alignment = int(metadata.get("general.alignment", _DEFAULT_ALIGNMENT)) or _DEFAULT_ALIGNMENT
    n_data = cursor.size - -(-cursor.position // alignment) * alignment
    return Header(metadata, tuple(_tensors(places, n_data)))


def _value(cursor: _Cursor, type_id: int) -> Value | None:
    """The value at the cursor; None for an array, which is skipped."""
    if type_id == _STRING:
        return cursor.text()
    if type_id == _ARRAY:
        _skip_array(cursor)
        return None
    return cursor.scalar(_scalar(type_id))


def _skip_array(cursor: _Cursor) -> None:
    _skip_elements(cursor, cursor.number(_U32), cursor.number(_U64))


def _skip_elements(cursor: _Cursor, element: int, n_elements: int) -> None:
    if n_elements > _MOST_ELEMENTS:
        raise ValueError(f"an array has {n_elements} elements")
    if element == _STRING:
        for _ in range(n_elements):
            cursor.take(cursor.number(_U64))
    else:
        cursor.take(n_elements * _scalar(element).size)


def _scalar(type_id: int) -> struct.Struct:
    if type_id not in _SCALARS:
        raise ValueError(f"a value has the unknown type {type_id}")
    return _SCALARS[type_id]


def _place(cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
    """Name, dimensions, type and offset of a tensor."""
    name, n_dimensions = cursor.text(), cursor.number(_U32)
    if n_dimensions > _MOST_DIMENSIONS:
        raise ValueError(f"a tensor has {n_dimensions} dimensions")
    dimensions = tuple(cursor.number(_U64) for _ in range(n_dimensions))
    type_id, offset = _TENSOR_PLACE.unpack(cursor.take(_TENSOR_PLACE.size))
    return name, dimensions, type_id, offset


def _tensors(places: list[tuple[str, tuple[int, ...], int, int]], n_data: int) -> Iterator[Tensor]:
    """Each tensor reaches to the next one's offset, so no table of block sizes is needed."""
    offsets = sorted({offset for *_, offset in places})
    ends = dict(zip(offsets, [*offsets[1:], n_data], strict=True)) if offsets else {}
    for name, dimensions, type_id, offset in places:
        yield Tensor(name, type_id, dimensions, max(0, ends[offset] - offset))


class _Cursor:
    """Reads a file forwards and refuses lengths that the file does not have."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size
        self.position = 0

    def take(self, n_bytes: int) -> bytes:
        if n_bytes > self.size - self.position:
            raise ValueError("it ends too soon")
        self.position += n_bytes
        return self._file.read(n_bytes)

    def scalar(self, form: struct.Struct) -> int | float | bool:
        value: int | float | bool = form.unpack(self.take(form.size))[0]
        return value

    def number(self, form: struct.Struct) -> int:
        return int(self.scalar(form))

    def text(self) -> str:
        return self.take(self.number(_U64)).decode("utf-8", "replace")
