from __future__ import annotations

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.bench import blocks
from sc2_lsp.bench.shapes import TensorType

QUANTIZED = [kind for kind in TensorType if kind is not TensorType.F32]


@pytest.mark.parametrize("kind", QUANTIZED)
@pytest.mark.parametrize("std", [0.0001, 0.02, 0.1])
def test_the_numbers_of_random_blocks_have_the_wanted_spread(kind: TensorType, std: float) -> None:
    drawn = blocks.draw(kind, std, np.random.default_rng(1))
    some = drawn.reshape(-1, kind.block_bytes)[:4000]
    numbers = gguf.dequantize(some, gguf.GGMLQuantizationType[kind.name])
    assert np.isfinite(numbers).all()
    assert numbers.std() == pytest.approx(std, rel=0.05)
    assert abs(numbers.mean()) < 0.02 * std


def test_no_random_blocks_of_plain_numbers() -> None:
    with pytest.raises(ValueError, match="F32"):
        blocks.draw(TensorType.F32, 0.1, np.random.default_rng(1))


@given(
    pattern=st.binary(min_size=1, max_size=20),
    start=st.integers(0, 19),
    n_bytes=st.integers(0, 100),
)
def test_a_pattern_goes_on_from_its_beginning(pattern: bytes, start: int, n_bytes: int) -> None:
    start %= len(pattern)
    pieces = blocks.tiled(np.frombuffer(pattern, np.uint8), start, n_bytes)
    endless = pattern[start:] + pattern * (n_bytes + 1)
    assert b"".join(pieces) == endless[:n_bytes]
