"""Weights from one file to their places in another, through one buffer, each byte read once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from quantize.failures import BadInput
from quantize.numbers import NotFinite, convert

_BUFFER_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of numbers in the source, and where it goes in the target, as which kind."""

    name: str
    byte_offset: int
    n_bytes: int
    from_kind: str
    to_kind: str
    target_offset: int


def stream(
    path: Path, pieces: list[Piece], target: BinaryIO, advance: Callable[[int], None]
) -> str:
    """Read the file at `path` from its first byte to its last, putting `pieces` into `target`.

    Calls `advance` with the bytes of each buffer. Returns the file's SHA-256, which is computed
    beside, while the same buffer is converted and written. Raises BadInput, OSError.
    """
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    with path.open("rb", buffering=0) as file, ThreadPoolExecutor(1) as beside:
        for piece, n_bytes, target_offset in _steps(pieces, path.stat().st_size):
            read = _read(file, path, buffer[:n_bytes])
            hashed = beside.submit(digest.update, read)
            if piece is not None:
                target.seek(target_offset)
                target.write(_converted(read, piece, path))
            hashed.result()
            advance(n_bytes)
    return digest.hexdigest()


def _steps(pieces: list[Piece], size: int) -> Iterator[tuple[Piece | None, int, int]]:
    """Each buffer to read: the piece that it is of, None for what is not taken; bytes; target."""
    position = 0
    for piece in sorted(pieces, key=lambda p: p.byte_offset):
        for n_bytes in _buffers(piece.byte_offset - position):
            yield None, n_bytes, 0
        target_offset = piece.target_offset
        for n_bytes in _buffers(piece.n_bytes):
            yield piece, n_bytes, target_offset
            target_offset += n_bytes * _size(piece.to_kind) // _size(piece.from_kind)
        position = piece.byte_offset + piece.n_bytes
    for n_bytes in _buffers(size - position):
        yield None, n_bytes, 0


def _buffers(n_bytes: int) -> Iterator[int]:
    while n_bytes > 0:
        yield min(n_bytes, _BUFFER_BYTES)
        n_bytes -= _BUFFER_BYTES


def _size(kind: str) -> int:
    return 4 if kind == "F32" else 2


def _read(file: FileIO, path: Path, buffer: memoryview) -> memoryview:
    """Fill the buffer; BadInput if the file has become shorter since its header was read."""
    n_read = 0
    while n_read < len(buffer):
        try:
            n_more = file.readinto(buffer[n_read:])
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
        if not n_more:
            raise BadInput(f"{path} became shorter while it was read; download it again.")
        n_read += n_more
    return buffer


def _converted(read: memoryview, piece: Piece, path: Path) -> memoryview:
    try:
        return convert(read, piece.from_kind, piece.to_kind).data
    except NotFinite as error:
        if error.is_by_rounding:
            raise BadInput(
                f"{piece.name} in {path} holds a weight too large for {piece.to_kind}; "
                "choose another --dtype."
            ) from error
        raise BadInput(
            f"{piece.name} in {path} holds a weight that is not a finite number; the checkpoint is "
            "damaged."
        ) from error
