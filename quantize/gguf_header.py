"""Reads the header of a GGUF file that anybody may have made: metadata, and where each tensor lies.

Every count, length and offset is checked against the file and against limits before anything is
made of it, so that a wrong file costs neither time nor memory. Weights are not touched.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import gguf
import numpy as np
from numpy.typing import NDArray

from quantize.failures import BadInput

MOST_HEADER_BYTES = 64 << 20
MOST_STRINGS = 1 << 21
MOST_ENTRIES = 1 << 16
MOST_NAME_BYTES = 63
MOST_KEY_BYTES = 1 << 16
MOST_DIMENSIONS = 4
MOST_ALIGNMENT = 1 << 16
_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
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

Scalar = int | float | bool | str
Value = Scalar | list[str] | NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the file; `dimensions` in ggml's order, `byte_offset` from the file's start."""

    name: str
    kind: gguf.GGMLQuantizationType
    dimensions: tuple[int, ...]
    byte_offset: int
    n_bytes: int

    @property
    def n_elements(self) -> int:
        return prod(self.dimensions)


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself: numbers of arrays as numpy arrays, texts as a list."""

    metadata: dict[str, Value]
    tensors: tuple[Tensor, ...]
    n_bytes: int


def read_header(path: Path) -> Header:
    """The header of the GGUF file at `path`; BadInput if it is wrong or cut short."""
    try:
        with path.open("rb") as file:
            return _read(_Cursor(file, path.stat().st_size))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, struct.error) as error:
        raise BadInput(f"{path} is no usable GGUF file: {error}.") from error


def _read(cursor: _Cursor) -> Header:
    if cursor.take(len(_MAGIC)) != _MAGIC:
        raise ValueError("it does not begin as one")
    version = cursor.number(_U32)
    if version not in _VERSIONS:
        raise ValueError(f"its version is {version}, and only 2 and 3 in little-endian are known")
    n_tensors, n_values = cursor.number(_U64), cursor.number(_U64)
    for count, what in ((n_tensors, "tensors"), (n_values, "metadata values")):
        if count > MOST_ENTRIES:
            raise ValueError(f"it claims {count} {what}")
    metadata: dict[str, Value] = {}
    for _ in range(n_values):
        key = cursor.text(MOST_KEY_BYTES)
        if key in metadata:
            raise ValueError(f"the key {key[:80]!r} stands there twice")
        metadata[key] = _value(cursor, key)
    places = [_place(cursor) for _ in range(n_tensors)]
    alignment = _alignment(metadata)
    start = -(-cursor.position // alignment) * alignment
    tensors = tuple(_tensor(*place, start, alignment) for place in places)
    _check_places(tensors, start, cursor.size)
    return Header(metadata, tensors, cursor.size)


def _value(cursor: _Cursor, key: str) -> Value:
    type_id = cursor.number(_U32)
    if type_id == _STRING:
        return cursor.text(MOST_HEADER_BYTES)
    if type_id == _ARRAY:
        return _array(cursor, key)
    return cursor.scalar(_scalar(type_id, key))


def _array(cursor: _Cursor, key: str) -> Value:
    element, n_elements = cursor.number(_U32), cursor.number(_U64)
    if element == _STRING:
        return cursor.texts(n_elements, key)
    form = _scalar(element, key)
    return np.frombuffer(cursor.take(n_elements * form.size), np.dtype(form.format))


def _scalar(type_id: int, key: str) -> struct.Struct:
    if type_id not in _SCALARS:
        raise ValueError(f"the value of {key[:80]!r} has the unknown type {type_id}")
    return _SCALARS[type_id]


def _place(cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
    """Name, dimensions, type and offset of a tensor."""
    name, n_dimensions = cursor.text(MOST_NAME_BYTES), cursor.number(_U32)
    if not 1 <= n_dimensions <= MOST_DIMENSIONS:
        raise ValueError(f"the tensor {name!r} has {n_dimensions} dimensions")
    dimensions = tuple(cursor.number(_U64) for _ in range(n_dimensions))
    return name, dimensions, cursor.number(_U32), cursor.number(_U64)


def _alignment(metadata: dict[str, Value]) -> int:
    value = metadata.get(gguf.Keys.General.ALIGNMENT, gguf.GGUF_DEFAULT_ALIGNMENT)
    if not isinstance(value, int) or not 0 < value <= MOST_ALIGNMENT or value & (value - 1):
        raise ValueError("its alignment is no power of two")
    return value


def _tensor(
    name: str, dimensions: tuple[int, ...], type_id: int, offset: int, start: int, alignment: int
) -> Tensor:
    try:
        kind = gguf.GGMLQuantizationType(type_id)
    except ValueError:
        raise ValueError(f"the tensor {name!r} has the unknown type {type_id}") from None
    n_block, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    if min(dimensions) < 1 or dimensions[0] % n_block:
        raise ValueError(f"the tensor {name!r} cannot have the shape {list(dimensions)}")
    if offset % alignment:
        raise ValueError(f"the tensor {name!r} does not lie at a multiple of {alignment} bytes")
    n_bytes = prod(dimensions) // n_block * block_bytes
    return Tensor(name, kind, dimensions, start + offset, n_bytes)


def _check_places(tensors: tuple[Tensor, ...], start: int, size: int) -> None:
    """No name twice, no byte in two tensors, none outside of the file."""
    names = {tensor.name for tensor in tensors}
    if len(names) != len(tensors):
        raise ValueError("two of its tensors have the same name")
    end = start
    for tensor in sorted(tensors, key=lambda t: t.byte_offset):
        if tensor.byte_offset < end:
            raise ValueError(f"the tensor {tensor.name!r} lies over another one")
        end = tensor.byte_offset + tensor.n_bytes
        if end > size:
            raise ValueError(
                f"the tensor {tensor.name!r} reaches {end - size} bytes beyond the end: "
                "it was cut short, or is wrong"
            )


class _Cursor:
    """Reads a file forwards and refuses lengths that the file or a header does not have."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._n_strings = 0
        self.size = size
        self.position = 0

    def take(self, n_bytes: int) -> bytes:
        if n_bytes > self.size - self.position:
            raise ValueError("it ends within its header: it was cut short, or is wrong")
        if n_bytes > MOST_HEADER_BYTES - self.position:
            raise ValueError(f"its header is longer than {MOST_HEADER_BYTES >> 20} MiB")
        taken = self._file.read(n_bytes)
        if len(taken) != n_bytes:
            raise ValueError("it became shorter while it was read")
        self.position += n_bytes
        return taken

    def scalar(self, form: struct.Struct) -> int | float | bool:
        value: int | float | bool = form.unpack(self.take(form.size))[0]
        return value

    def number(self, form: struct.Struct) -> int:
        return int(self.scalar(form))

    def text(self, most_bytes: int) -> str:
        n_bytes = self.number(_U64)
        if n_bytes > most_bytes:
            raise ValueError(f"a name or text in it claims {n_bytes} bytes")
        return self.take(n_bytes).decode("utf-8", "replace")

    def texts(self, n_elements: int, key: str) -> list[str]:
        self._n_strings += n_elements
        if self._n_strings > MOST_STRINGS:
            raise ValueError(f"the list {key[:80]!r} claims {n_elements} texts")
        return [self.text(MOST_HEADER_BYTES) for _ in range(n_elements)]
