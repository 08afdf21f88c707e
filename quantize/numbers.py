"""Weights from one kind of number to another, a buffer at a time, and none that is not finite.

The results are those of llama.cpp's converter bit for bit: bfloat16 by rounding to the nearest, to
even in between, float16 as numpy rounds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
_BF16_EXPONENT = np.uint16(0x7F80)


class NotFinite(Exception):
    """A weight that is NaN or infinite; `is_by_rounding` if only in the kind it was to become."""

    def __init__(self, is_by_rounding: bool) -> None:
        super().__init__(is_by_rounding)
        self.is_by_rounding = is_by_rounding


def convert(source: memoryview, from_kind: str, to_kind: str) -> Array:
    """Numbers of `from_kind`, little-endian, as numbers of `to_kind` (each "F32", "F16", "BF16").

    Raises NotFinite. The result may share the memory of `source`.
    """
    raw = np.frombuffer(source, np.dtype("<u2" if from_kind != "F32" else "<f4"))
    if not _is_finite(raw, from_kind):
        raise NotFinite(is_by_rounding=False)
    if from_kind == to_kind:
        return raw
    converted = _from_f32(_to_f32(raw, from_kind), to_kind)
    if not _is_finite(converted, to_kind):
        raise NotFinite(is_by_rounding=True)
    return converted


def _is_finite(numbers: Array, kind: str) -> bool:
    if kind == "BF16":
        return not bool(np.any((numbers & _BF16_EXPONENT) == _BF16_EXPONENT))
    if kind == "F16":
        numbers = numbers.view("<f2")
    return bool(np.isfinite(numbers).all())


def _to_f32(numbers: Array, kind: str) -> NDArray[np.float32]:
    if kind == "BF16":
        wide: NDArray[np.float32] = (numbers.astype(np.uint32) << np.uint32(16)).view(np.float32)
        return wide
    if kind == "F16":
        return numbers.view(np.float16).astype(np.float32)
    return numbers.view(np.float32)


def _from_f32(numbers: NDArray[np.float32], kind: str) -> Array:
    if kind == "BF16":
        bits = numbers.view("<u4")
        rounding = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
        rounded: Array = ((bits + rounding) >> np.uint32(16)).astype(np.uint16)
        return rounded
    if kind == "F16":
        with np.errstate(over="ignore"):
            return numbers.astype("<f2").view("<u2")
    return numbers
