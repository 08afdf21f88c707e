"""Writes a GGUF file of weights that are streamed: header first, then each source file in one go.

Beside what the caller says of the model there stands in it where it comes from: name and SHA-256 of
each source file, which is known only once that was read and is then put into the header.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import gguf
import numpy as np

from quantize import __version__
from quantize.checkpoint import Weight, Weights
from quantize.replacing import replacing
from quantize.room import check_room
from quantize.safetensors import ELEMENT_BYTES
from quantize.streaming import Piece, stream

KINDS = {
    "F32": gguf.GGMLQuantizationType.F32,
    "F16": gguf.GGMLQuantizationType.F16,
    "BF16": gguf.GGMLQuantizationType.BF16,
}
ARCHITECTURE = "starcoder2"
_HEADER_ROOM = 32 << 20
# gguf looks at it only where no type of its own is given.
_ANY_DTYPE = np.dtype(np.float32)


def write_gguf(
    target: Path,
    weights: Weights,
    kind: str,
    add_keys: Callable[[gguf.GGUFWriter], None],
    advance: Callable[[int], None],
) -> None:
    """Write `weights`, the matrices as `kind`, one of KINDS, and all else in F32.

    `add_keys` gets the writer with all tensors in it and adds the metadata; `advance` is called
    with the bytes of each buffer that was read. Raises QuantizeError, also for a weight that is not
    finite; then there is no file, or the old one.
    """
    n_data = sum(_padded(_n_bytes(weight, kind)) for weight in weights.weights)
    check_room(target, n_data + _HEADER_ROOM)
    with replacing(target) as part:
        writer = gguf.GGUFWriter(None, ARCHITECTURE)
        places = _add_tensors(writer, weights, kind)
        add_keys(writer)
        _add_origin(writer, weights)
        writer.write_header_to_file(part)
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        with part.open("r+b") as file:
            start = _padded(file.seek(0, os.SEEK_END))
            file.truncate(start + n_data)
            hashes = [
                stream(path, _pieces(weights, path, kind, places, start), file, advance)
                for path in weights.files
            ]
            _fill_in(file, start, hashes)


def _kind_of(weight: Weight, kind: str) -> str:
    return kind if weight.target.is_matrix else "F32"


def _n_bytes(weight: Weight, kind: str) -> int:
    return weight.source.n_elements * ELEMENT_BYTES[_kind_of(weight, kind)]


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // gguf.GGUF_DEFAULT_ALIGNMENT) * gguf.GGUF_DEFAULT_ALIGNMENT


def _add_tensors(writer: gguf.GGUFWriter, weights: Weights, kind: str) -> dict[str, int]:
    """Add what is said of each tensor; returns where each one's data begins behind the header."""
    places: dict[str, int] = {}
    end = 0
    for weight in weights.weights:
        name, shape, n_bytes = weight.target.name, weight.target.dimensions, _n_bytes(weight, kind)
        writer.add_tensor_info(name, shape, _ANY_DTYPE, n_bytes, KINDS[_kind_of(weight, kind)])
        places[name] = end
        end += _padded(n_bytes)
    return places


def _add_origin(writer: gguf.GGUFWriter, weights: Weights) -> None:
    writer.add_array("sc2.source.files", [file.name for file in weights.files])
    writer.add_array("sc2.source.sha256", [_placeholder(i) for i in range(len(weights.files))])
    writer.add_string("sc2.converter", f"sc2-quantize {__version__}")


def _pieces(
    weights: Weights, path: Path, kind: str, places: dict[str, int], start: int
) -> list[Piece]:
    """What is taken of the file at `path`, and where it goes."""
    return [
        Piece(
            name=weight.source.name,
            byte_offset=weight.source.byte_offset,
            n_bytes=weight.source.n_bytes,
            from_kind=weight.source.dtype,
            to_kind=_kind_of(weight, kind),
            target_offset=start + places[weight.target.name],
        )
        for weight in weights.weights
        if weight.file == path
    ]


def _placeholder(number: int) -> str:
    """Stands in the header for the hash of a file that is not read yet, as long as that."""
    return f"{number:064x}"


def _fill_in(file: BinaryIO, n_header: int, hashes: list[str]) -> None:
    """Put the hashes where their placeholders stand, one behind the other."""
    file.seek(0)
    header = file.read(n_header)
    position = header.rindex(b"sc2.source.sha256")
    for number, digest in enumerate(hashes):
        position = header.index(_placeholder(number).encode(), position)
        file.seek(position)
        file.write(digest.encode())
