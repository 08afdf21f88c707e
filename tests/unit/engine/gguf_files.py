"""Writes tiny GGUF files for tests, byte by byte: header and zeroed tensors."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_ALIGNMENT = 32


@dataclass(frozen=True, slots=True)
class Shape:
    """A tensor to write: ggml's number of its type, its dimensions, its size in bytes."""

    type_id: int
    dimensions: tuple[int, ...]
    n_bytes: int


def gguf(
    metadata: Mapping[str, int | float | bool | str | Sequence[str] | Sequence[int]],
    tensors: Mapping[str, Shape],
    version: int = 3,
) -> bytes:
    """A whole file."""
    header = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    for key, value in metadata.items():
        header += _text(key) + _typed(value)
    offset = 0
    for name, shape in tensors.items():
        header += _text(name) + struct.pack("<I", len(shape.dimensions))
        header += struct.pack(f"<{len(shape.dimensions)}Q", *shape.dimensions)
        header += struct.pack("<IQ", shape.type_id, offset)
        offset += _padded(shape.n_bytes)
    return header.ljust(_padded(len(header)), b"\0") + bytes(offset)


def _typed(value: int | float | bool | str | Sequence[str] | Sequence[int]) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if value and isinstance(value[0], str):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(_text(str(v)) for v in value)
    return struct.pack(f"<IIQ{len(value)}I", 9, 4, len(value), *value)


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // _ALIGNMENT) * _ALIGNMENT
