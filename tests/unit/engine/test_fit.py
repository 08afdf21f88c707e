from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.engine.fit import (
    ModelShape,
    Use,
    copied_types,
    fallbacks,
    gpu_layers,
    may_pass,
    model_shape,
    needs,
    refusal,
    warning,
)
from sc2_lsp.engine.header import Header, Tensor, read_model_header
from sc2_lsp.engine.machine import Memory
from sc2_lsp.models import BUNDLED_MODEL

MIB = 1 << 20
GIB = 1 << 30
Q4_K = 12


def shape_of(n_layers: int, layer_mib: int, head_mib: int, kv_numbers: int = 512) -> ModelShape:
    return ModelShape(
        layer_bytes=(layer_mib * MIB,) * n_layers,
        embedding_bytes=head_mib * MIB,
        output_bytes=head_mib * MIB,
        is_tied=True,
        matrix_bytes={Q4_K: n_layers * layer_mib * MIB},
        n_embd=3072,
        n_ff=12288,
        n_heads=24,
        n_kv_numbers=kv_numbers,
        n_vocab=49152,
    )


# The 3B at Q4_K_M and the 15B at F16, about.
SMALL = shape_of(30, 55, 118)
LARGE = replace(shape_of(40, 730, 600, 1024), is_tied=False)
USE = Use(n_cells=12288)


def machine(gib: float, free_gib: float | None = None, swap_gib: float | None = 0) -> Memory:
    free = gib if free_gib is None else free_gib
    swap = None if swap_gib is None else int(swap_gib * GIB)
    return Memory(int(gib * GIB), int(free * GIB), swap)


def test_the_bundled_model_has_the_shape_that_it_was_trained_with() -> None:
    shape = model_shape(read_model_header(BUNDLED_MODEL))
    assert shape is not None
    assert len(shape.layer_bytes) == 6
    assert (shape.n_embd, shape.n_ff, shape.n_heads, shape.n_vocab) == (256, 1024, 4, 8192)
    assert shape.is_tied
    # llama.cpp says so itself when it makes a context of 4,096 cells.
    assert shape.kv_bytes(4096, "f16") == 12 * MIB
    assert 6 * MIB < shape.weight_bytes < 7 * MIB


def test_an_untied_output_layer_and_other_key_widths_count() -> None:
    metadata = {
        "general.architecture": "starcoder2",
        "starcoder2.block_count": 1,
        "starcoder2.embedding_length": 64,
        "starcoder2.feed_forward_length": 256,
        "starcoder2.attention.head_count": 2,
        "starcoder2.attention.head_count_kv": 1,
        "starcoder2.attention.key_length": 48,
    }
    tensors = (
        Tensor("token_embd.weight", 1, (64, 10), 1280),
        Tensor("output.weight", 1, (64, 10), 1290),
        Tensor("blk.0.attn_norm.weight", 0, (64,), 256),
        Tensor("blk.0.ffn_up.weight", 1, (64, 256), 32768),
        Tensor("blk.9.ffn_up.weight", 1, (64, 256), 32768),
    )
    shape = model_shape(Header(metadata, tensors))
    assert shape is not None
    assert shape.layer_bytes == (256 + 32768,)
    assert shape.matrix_bytes == {1: 32768}
    assert shape.weight_bytes == 256 + 32768 + 1280 + 1290
    assert shape.kv_bytes(256, "f16") == 256 * (48 + 32) * 2


@pytest.mark.parametrize("missing", ["block_count", "attention.head_count", "embedding_length"])
def test_a_header_that_lacks_what_is_needed_has_no_shape(missing: str) -> None:
    whole = read_model_header(BUNDLED_MODEL)
    metadata = {k: v for k, v in whole.metadata.items() if k != f"starcoder2.{missing}"}
    assert model_shape(Header(metadata, whole.tensors)) is None


def test_a_quantized_cache_is_as_much_smaller_as_its_blocks() -> None:
    sizes = [SMALL.kv_bytes(4096, kv_type) for kv_type in ("f16", "q8_0", "q4_0")]
    assert sizes == [4096 * 30720, 4096 * 30 * 512 * 34 // 32, 4096 * 30 * 512 * 18 // 32]


@pytest.mark.parametrize(
    ("info", "types"),
    [
        ("CPU : SSE3 = 1 | AVX2 = 1 | REPACK = 1 | ", {2, 12, 20}),
        ("CPU : AVX2 = 1 | AVX512 = 1 | REPACK = 1 | ", {2, 10, 12, 20}),
        ("CPU : AVX2 = 1 | OPENMP = 1 | ", set()),
        ("CPU : AVX = 1 | REPACK = 1 | ", set()),
        ("CPU : NEON = 1 | DOTPROD = 1 | REPACK = 1 | ", {2, 8, 12, 13, 14, 20}),
        ("CPU : AMX_INT8 = 1 | ", {2, 3, 8, 12, 13, 14, 23}),
    ],
)
def test_copied_types_follow_the_processor(info: str, types: set[int]) -> None:
    assert copied_types(info) == types


def test_copied_weights_are_allocated_and_no_longer_mapped() -> None:
    mapped, copied = needs(SMALL, USE), needs(SMALL, replace(USE, copied_types=frozenset({Q4_K})))
    assert copied.total == mapped.total
    assert copied.allocated - mapped.allocated == 30 * 55 * MIB


def test_what_is_on_a_gpu_takes_no_main_memory() -> None:
    totals = [needs(SMALL, replace(USE, n_gpu_layers=n)).total for n in range(32)]
    assert totals == sorted(totals, reverse=True)
    assert totals[0] - totals[31] == 30 * 55 * MIB + SMALL.kv_bytes(12288, "f16")


def test_a_laptop_loads_the_small_model() -> None:
    assert refusal(SMALL, USE, machine(8, free_gib=5)) is None
    assert warning(SMALL, USE, machine(8, free_gib=5)) is None


def test_weights_larger_than_memory_are_refused_with_the_numbers() -> None:
    sentence = refusal(LARGE, USE, machine(16))
    assert sentence is not None
    assert "needs 30.7 GiB" in sentence
    assert "29.7 GiB of weights" in sentence
    assert "this machine has 16.0 GiB; use a smaller quantization" in sentence


def test_weights_that_only_have_to_push_others_out_are_loaded_with_a_warning() -> None:
    busy = machine(8, free_gib=1, swap_gib=4)
    assert refusal(SMALL, USE, busy) is None
    assert "1.0 GiB are free" in (warning(SMALL, USE, busy) or "")


def test_copies_that_neither_memory_nor_swap_can_hold_are_refused() -> None:
    copying = replace(USE, copied_types=frozenset({Q4_K}))
    busy = machine(8, free_gib=1)
    assert refusal(SMALL, USE, busy) is None
    assert "close other programs" in (refusal(SMALL, copying, busy) or "")
    assert may_pass(SMALL, copying, busy)
    assert not may_pass(SMALL, copying, machine(1))
    # Where swap grows on demand nothing says that the copies do not fit.
    assert refusal(SMALL, copying, replace(busy, swap_free=None)) is None


@given(
    n_cells=st.integers(4096, 1_048_576),
    gib=st.floats(1, 64),
    busy=st.floats(0, 1),
    kv_type=st.sampled_from(["f16", "q8_0", "q4_0"]),
    has_flash_attention=st.booleans(),
)
def test_whoever_follows_the_advice_is_not_refused_again(
    n_cells: int, gib: float, busy: float, kv_type: str, has_flash_attention: bool
) -> None:
    use = Use(n_cells, kv_type, has_flash_attention=has_flash_attention)
    memory = machine(gib, free_gib=gib * (1 - busy))
    sentence = refusal(SMALL, use, memory)
    advice = re.search(r"'kv_tokens' to (\d+)", sentence or "")
    if advice:
        assert refusal(SMALL, replace(use, n_cells=int(advice[1])), memory) is None
    elif sentence:
        assert refusal(SMALL, replace(use, n_cells=4096), memory) is not None


sizes = st.integers(1, 200)
shapes = st.builds(shape_of, st.integers(1, 12), sizes, sizes)
devices = st.lists(st.integers(0, 4 * GIB), min_size=1, max_size=3)
wishes = st.integers(-1, 16)


@given(shapes, devices, wishes)
def test_layers_never_take_more_than_a_device_has(
    shape: ModelShape, free: list[int], wanted: int
) -> None:
    counts = gpu_layers(shape, USE, free, wanted)
    n_layers = len(shape.layer_bytes)
    cache = shape.kv_bytes(USE.n_cells, USE.kv_type) / n_layers
    costs = [n_bytes + cache for n_bytes in shape.layer_bytes] + [float(shape.output_bytes)]
    costs = costs[len(costs) - sum(counts) :]
    assert len(counts) == len(free)
    assert sum(counts) <= (n_layers + 1 if wanted < 0 else wanted)
    for count, room in zip(counts, free, strict=True):
        assert sum(costs[:count]) <= room
        costs = costs[count:]


@given(shapes, devices, wishes, st.integers(0, 2), st.integers(0, 4 * GIB))
def test_more_memory_never_means_fewer_layers(
    shape: ModelShape, free: list[int], wanted: int, which: int, more: int
) -> None:
    richer = list(free)
    richer[which % len(free)] += more
    assert sum(gpu_layers(shape, USE, richer, wanted)) >= sum(gpu_layers(shape, USE, free, wanted))


def test_a_large_gpu_takes_all_and_the_first_one_is_filled_first() -> None:
    assert gpu_layers(SMALL, USE, [24 * GIB], -1) == (31,)
    assert gpu_layers(SMALL, USE, [24 * GIB, 24 * GIB], -1) == (31, 0)
    assert gpu_layers(SMALL, USE, [24 * GIB], 7) == (7,)
    assert gpu_layers(SMALL, USE, [], -1) == ()


def test_a_small_gpu_takes_some() -> None:
    (some,) = gpu_layers(SMALL, USE, [GIB], -1)
    assert 0 < some < 31
    (fewer,) = gpu_layers(SMALL, replace(USE, n_cells=65536), [GIB], -1)
    assert fewer < some


def test_room_is_left_for_what_is_computed() -> None:
    needed = sum(SMALL.layer_bytes) + SMALL.output_bytes + SMALL.kv_bytes(12288, "f16")
    (tight,) = gpu_layers(SMALL, USE, [needed], -1)
    assert 20 < tight < 31
    assert gpu_layers(SMALL, USE, [needed + GIB // 2], -1) == (31,)
    assert sum(gpu_layers(SMALL, replace(USE, n_ubatch=4096), [needed + GIB // 2], -1)) < 31


@given(st.integers(0, 100))
def test_fallbacks_begin_with_the_wish_and_come_down_to_none(n_layers: int) -> None:
    steps = fallbacks(n_layers)
    assert steps[0] == n_layers
    assert steps[-1] == 0
    assert list(steps) == sorted(set(steps), reverse=True)
