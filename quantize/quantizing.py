"""Quantizes a GGUF file with llama.cpp's own quantizer, as a dry run first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

from quantize.child import Event, run_job
from quantize.failures import BadInput, QuantizeError
from quantize.gguf_header import read_header
from quantize.replacing import replacing
from quantize.room import check_room
from quantize.type_names import NEEDS_IMATRIX, n_bytes

_PLAIN = frozenset({"F32", "F16", "BF16"})
_SPARE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become of `source`. `overrides` are pairs of a pattern of names and a type."""

    source: Path
    type: str
    n_threads: int
    overrides: tuple[tuple[str, str], ...] = ()
    imatrix: Path | None = None
    allow_requantize: bool = False


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor with its type before and after, and its bytes, padding included."""

    name: str
    before: str
    after: str
    bytes_before: int
    bytes_after: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What quantizing would give. `n_fallbacks` matrices do not fit the type that they should get.

    Sizes are of the whole file, in bytes.
    """

    tensors: tuple[Tensor, ...]
    n_fallbacks: int
    size_before: int
    size_after: int


def outlook(wish: Wish) -> Outlook:
    """What the file would be like. Raises BadInput where it cannot be made."""
    # Of a file that anybody may have made: llama.cpp sees it only once it is known to be sound.
    read_header(wish.source)
    if wish.type in NEEDS_IMATRIX and wish.imatrix is None:
        raise BadInput(
            f"{wish.type} needs an importance matrix (--imatrix FILE); "
            "make one with 'sc2-quantize imatrix', or choose a larger type."
        )
    found = run_job("quantize", _options(wish, Path("never-written"), is_dry_run=True))
    tensors = tuple(_tensor(entry) for entry in found["tensors"])
    _check_requantizing(wish, tensors)
    size = wish.source.stat().st_size
    header = size - sum(tensor.bytes_before for tensor in tensors)
    return Outlook(
        tensors,
        found["n_fallbacks"],
        size_before=size,
        size_after=header + sum(tensor.bytes_after for tensor in tensors),
    )


def quantize(
    wish: Wish, target: Path, expected: Outlook, progress: Callable[[int], object]
) -> None:
    """Write `target`, whole or not at all. `progress` gets the bytes read since its last call.

    Raises QuantizeError.
    """
    check_room(target, expected.size_after + _SPARE_BYTES)
    sizes = {tensor.name: tensor.bytes_before for tensor in expected.tensors}

    def tell(event: Event) -> None:
        progress(sizes.get(event["name"], 0))

    with replacing(target) as part:
        run_job("quantize", _options(wish, part, is_dry_run=False), tell)
        if part.stat().st_size < sum(tensor.bytes_after for tensor in expected.tensors):
            raise QuantizeError(f"{target} came out too short; is its disk full or failing?")


def _check_requantizing(wish: Wish, tensors: tuple[Tensor, ...]) -> None:
    already = {t.before for t in tensors if t.before not in _PLAIN and t.before != t.after}
    if already and not wish.allow_requantize:
        raise BadInput(
            f"{wish.source} is quantized already ({', '.join(sorted(already))}), and doing so "
            "twice loses more; take the F16, BF16 or F32 file, or say --requantize."
        )


def _options(wish: Wish, target: Path, *, is_dry_run: bool) -> dict[str, object]:
    return {
        "source": str(wish.source),
        "target": str(target),
        "type": wish.type,
        "n_threads": wish.n_threads,
        "overrides": wish.overrides,
        "imatrix": str(wish.imatrix) if wish.imatrix else None,
        "allow_requantize": wish.allow_requantize or is_dry_run,
        "is_dry_run": is_dry_run,
    }


def _tensor(entry: dict[str, Any]) -> Tensor:
    shape = tuple(entry["shape"])
    before, after = entry["before"], entry["after"]
    return Tensor(
        entry["name"],
        before,
        after,
        _padded(n_bytes(before, shape)),
        _padded(n_bytes(after, shape)),
    )


def _padded(size: int) -> int:
    return size + -size % gguf.GGUF_DEFAULT_ALIGNMENT
