"""Reads the header of a safetensors file that anybody may have made: which tensor lies where.

The format's own rules are all checked (https://github.com/huggingface/safetensors, Format): the
header is one JSON object, and the tensors cover the rest of the file without gap or overlap. So a
torn download is noticed before a weight is read. Weights are not touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from quantize.failures import BadInput
from quantize.jsonfile import parse_json

MOST_HEADER_BYTES = 8 << 20
MOST_DIMENSIONS = 8
ELEMENT_BYTES = {
    "F64": 8,
    "I64": 8,
    "U64": 8,
    "F32": 4,
    "I32": 4,
    "U32": 4,
    "F16": 2,
    "BF16": 2,
    "I16": 2,
    "U16": 2,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}
_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a file; `byte_offset` from the file's start, `dimensions` outermost first."""

    name: str
    dtype: str
    dimensions: tuple[int, ...]
    byte_offset: int
    n_bytes: int

    @property
    def n_elements(self) -> int:
        return prod(self.dimensions)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of the safetensors file at `path`, by name, as they lie in it.

    Raises BadInput if it is not a whole safetensors file.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            n_header = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if size < _LENGTH_BYTES or n_header > size - _LENGTH_BYTES:
                raise BadInput(f"{path} ends within its header: it was cut short, or is wrong.")
            if n_header > MOST_HEADER_BYTES:
                raise BadInput(f"{path} has a header longer than {MOST_HEADER_BYTES >> 20} MiB.")
            content = file.read(n_header)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    entries = parse_json(content, f"The header of {path}")
    entries.pop("__metadata__", None)
    start = _LENGTH_BYTES + n_header
    try:
        tensors = [_tensor(name, entry, start) for name, entry in entries.items()]
        tensors.sort(key=lambda t: (t.byte_offset, t.n_bytes))
        _check_cover(tensors, start, size)
    except ValueError as error:
        raise BadInput(f"{path} is no usable safetensors file: {error}.") from error
    return {tensor.name: tensor for tensor in tensors}


def _tensor(name: str, entry: Any, start: int) -> Tensor:
    if not isinstance(entry, dict):
        raise ValueError(f"the tensor {name[:80]!r} is not described")
    dtype = entry.get("dtype")
    if not isinstance(dtype, str) or dtype not in ELEMENT_BYTES:
        raise ValueError(f"the tensor {name[:80]!r} has no known type")
    dimensions = _whole_numbers(entry.get("shape"), name)
    offsets = _whole_numbers(entry.get("data_offsets"), name)
    if len(dimensions) > MOST_DIMENSIONS or len(offsets) != 2:
        raise ValueError(f"the tensor {name[:80]!r} is not described as it should be")
    n_bytes = prod(dimensions) * ELEMENT_BYTES[dtype]
    if offsets[1] - offsets[0] != n_bytes:
        raise ValueError(
            f"the place of the tensor {name[:80]!r} does not have the size of its shape"
        )
    return Tensor(name, dtype, dimensions, start + offsets[0], n_bytes)


def _whole_numbers(value: Any, name: str) -> tuple[int, ...]:
    numbers = value if isinstance(value, list) else [None]
    if not all(type(n) is int and 0 <= n < 1 << 62 for n in numbers):
        raise ValueError(f"the shape or the place of the tensor {name[:80]!r} is wrong")
    return tuple(numbers)


def _check_cover(tensors: list[Tensor], start: int, size: int) -> None:
    """The tensors, in the order of their places, fill the file from `start` to its end."""
    end = start
    for tensor in tensors:
        if tensor.byte_offset != end:
            what = "lies over another one" if tensor.byte_offset < end else "leaves a gap before it"
            raise ValueError(f"the tensor {tensor.name[:80]!r} {what}")
        end += tensor.n_bytes
    if end > size:
        raise ValueError(f"{end - size} bytes are missing at its end, so it was cut short")
    if end < size:
        raise ValueError(f"{size - end} bytes at its end belong to no tensor")
