from __future__ import annotations

import pytest

from sc2_lsp.bench.shapes import SHAPES
from sc2_lsp.engine.machine import Memory
from sc2_lsp.managing.estimate import fits, memory_bytes_per_s, tokens_per_s
from sc2_lsp.settings import Settings

GB = 1_000_000_000


@pytest.mark.parametrize(
    ("total_gb", "size_gb", "shape", "expected"),
    [
        (16, 1.85, "3b", True),
        (2, 1.85, "3b", False),
        (16, 9.86, "15b", True),
        (10, 9.86, "15b", False),
        (64, 17.0, "15b", True),
    ],
)
def test_whether_it_fits(total_gb: float, size_gb: float, shape: str, expected: bool) -> None:
    # What other programs hold just now does not matter.
    memory = Memory(total=int(total_gb * GB), available=0, swap_free=0)
    assert fits(SHAPES[shape], int(size_gb * GB), Settings(), memory) is expected


def test_more_tokens_in_the_cache_take_more_room() -> None:
    memory = Memory(total=4 * GB, available=0, swap_free=0)
    assert fits(SHAPES["3b"], int(1.85 * GB), Settings(), memory)
    assert not fits(SHAPES["3b"], int(1.85 * GB), Settings(kv_tokens=131_072), memory)


def test_a_token_takes_as_long_as_reading_all_weights() -> None:
    assert tokens_per_s(2 * GB, 3 * GB, 8, 30.0 * GB) == 15.0
    assert tokens_per_s(3 * GB, 3 * GB, 8, 40.0 * GB) == 13.0


def test_where_computing_takes_longer_that_is_the_bound() -> None:
    assert tokens_per_s(2 * GB, 3 * GB, 1, 900.0 * GB) == 33.0


def test_memory_is_measured() -> None:
    assert memory_bytes_per_s(2) > 10_000_000
