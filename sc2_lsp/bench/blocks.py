"""Random quantized blocks: valid bytes of a tensor type whose numbers have a wanted spread.

A few megabytes are drawn and used again and again. Their number is a prime, so that no two rows of
one tensor hold the same blocks in the same places; rows alike would make tokens alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sc2_lsp.bench.shapes import TensorType

Bytes = npt.NDArray[np.uint8]

# Primes: blocks of 144 or 210 bytes, and blocks of 18 or 34.
_N_LARGE_BLOCKS = 65_521
_N_SMALL_BLOCKS = 262_139
_LARGE_BLOCK = 256

# The spread of a block's numbers where its scale is 1, from the distributions of its parts.
_Q4_STD = np.sqrt((16**2 - 1) / 12)
_Q8_STD = np.sqrt((256**2 - 1) / 12)
_Q6_K_STD = np.sqrt((32**2 - 1) / 12) * np.sqrt((64**2 - 1) / 12)
# A number is scale x (nibble - 7.5) here, with six random bits for the scale.
_MEAN_NIBBLE = 7.5
_Q4_K_STD = np.sqrt(63 * 127 / 6) * _Q4_STD


def draw(tensor_type: TensorType, std: float, rng: np.random.Generator) -> Bytes:
    """Blocks of `tensor_type`, one after the other, of mean 0 and standard deviation `std`."""
    is_large = tensor_type.block_size == _LARGE_BLOCK
    n_blocks = _N_LARGE_BLOCKS if is_large else _N_SMALL_BLOCKS
    blocks = rng.integers(0, 256, size=(n_blocks, tensor_type.block_bytes), dtype=np.uint8)
    # A scale of either sign makes the mean 0 where the codes of a type are not symmetric.
    signs = rng.choice(np.array([-1.0, 1.0]), size=n_blocks)
    if tensor_type is TensorType.Q4_0:
        blocks[:, 0:2] = _half(signs * std / _Q4_STD)
    elif tensor_type is TensorType.Q8_0:
        blocks[:, 0:2] = _half(signs * std / _Q8_STD)
    elif tensor_type is TensorType.Q4_K:
        blocks[:, 0:2] = _half(signs * std / _Q4_K_STD)
        blocks[:, 2:4] = _half(signs * std / _Q4_K_STD * _MEAN_NIBBLE)
        _make_minimums_equal_scales(blocks[:, 4:16])
    elif tensor_type is TensorType.Q6_K:
        # Scales of five bits rather than eight keep the block's own scale a normal half.
        blocks[:, 192:208] = (blocks[:, 192:208].view(np.int8) >> 3).view(np.uint8)
        blocks[:, 208:210] = _half(signs * std / _Q6_K_STD)
    else:
        raise ValueError(f"no random blocks of type {tensor_type.name}")
    return blocks.reshape(-1)


def _make_minimums_equal_scales(packed: Bytes) -> None:
    """Of Q4_K's 12 bytes: 4 scales, 4 minimums, then 4 bytes with both a scale's and a minimum's
    low nibbles, their high bits being the high bits of the first 8 bytes.

    With minimums of their own, the means of a block's parts would be most of what rows differ in.
    """
    packed[:, 4:8] = packed[:, 0:4]
    packed[:, 8:12] = (packed[:, 8:12] & 0x0F) * 0x11


def tiled(pattern: Bytes, start: int, n_bytes: int) -> Iterator[memoryview]:
    """`n_bytes` of `pattern` over and over, from byte `start` on, in pieces."""
    view = pattern.data
    while n_bytes:
        piece = view[start : start + n_bytes]
        yield piece
        n_bytes -= len(piece)
        start = 0


def _half(values: npt.NDArray[np.float64]) -> Bytes:
    """Little-endian half-precision bytes, a row a value."""
    return values.astype("<f2").view(np.uint8).reshape(-1, 2)
