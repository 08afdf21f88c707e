from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.engine.fit import ModelShape, Use
from sc2_lsp.engine.placement import Gpu, Placement, in_main_memory, notice, placements

GIB = 1 << 30
N_LAYERS = 30
SHAPE = ModelShape(
    layer_bytes=(60 << 20,) * N_LAYERS,
    embedding_bytes=120 << 20,
    output_bytes=120 << 20,
    is_tied=True,
    matrix_bytes={},
    n_embd=3072,
    n_ff=12288,
    n_heads=24,
    n_kv_numbers=512,
    n_vocab=49152,
)
USE = Use(n_cells=12288)


def gpu(free_gib: float, has_own_memory: bool = True) -> Gpu:
    return Gpu("Fast 9000", 1, int(free_gib * GIB), has_own_memory)


def test_without_a_gpu_there_is_one_way() -> None:
    assert placements(SHAPE, USE, (), GIB, -1) == (Placement(0),)
    assert placements(SHAPE, USE, (gpu(24),), GIB, 0) == (Placement(0),)


def test_a_large_gpu_takes_all_and_fewer_are_tried_after_a_failure() -> None:
    tries = placements(SHAPE, USE, (gpu(24),), GIB, -1)
    assert tries[0] == Placement(31, (31,))
    assert [placement.n_gpu_layers for placement in tries] == [31, 23, 15, 7, 0]


@given(
    free=st.lists(st.floats(0, 8), min_size=1, max_size=3),
    wanted=st.integers(-1, 40).filter(bool),
)
def test_each_way_says_how_many_layers_go_to_each_gpu(free: list[float], wanted: int) -> None:
    for placement in placements(SHAPE, USE, [gpu(gib) for gib in free], GIB, wanted):
        assert sum(placement.split) == placement.n_gpu_layers
        assert len(placement.split) == len(free)


def test_a_gpu_that_does_not_tell_its_memory_has_what_is_free_of_the_main_one() -> None:
    (first, *_) = placements(SHAPE, USE, (gpu(0, has_own_memory=False),), 24 * GIB, -1)
    assert first.n_gpu_layers == 31


def test_where_nothing_is_known_llama_cpp_decides() -> None:
    assert placements(None, USE, (gpu(24),), GIB, -1) == (Placement(999), Placement(0))
    assert placements(SHAPE, USE, None, GIB, 7) == (Placement(7), Placement(0))


def test_only_layers_on_a_gpu_with_memory_of_its_own_leave_the_main_memory() -> None:
    all_layers = Placement(31, (31,))
    assert in_main_memory(USE, all_layers, (gpu(24),)).n_gpu_layers == 31
    assert in_main_memory(USE, all_layers, (gpu(24, has_own_memory=False),)).n_gpu_layers == 0
    assert in_main_memory(USE, Placement(0), ()).n_gpu_layers == 0


def test_nothing_is_said_where_all_went_as_was_asked_for() -> None:
    assert notice(SHAPE, (), -1, Placement(0)) == ""
    assert notice(SHAPE, (), 0, Placement(0)) == ""
    assert notice(SHAPE, None, 0, Placement(0)) == ""
    assert notice(SHAPE, (gpu(24),), -1, Placement(31, (31,))) == ""
    assert notice(SHAPE, (gpu(24),), 99, Placement(31, (31,))) == ""
    assert notice(SHAPE, (gpu(24),), 5, Placement(5, (5,))) == ""
    assert notice(SHAPE, (gpu(24),), 0, Placement(0)) == ""


def test_fewer_layers_than_were_asked_for_are_told() -> None:
    assert notice(SHAPE, (gpu(1),), -1, Placement(9, (9,))) == (
        "9 of 31 layers of the model fit Fast 9000 (1.0 GiB free); the others run on the CPU."
    )
    assert notice(SHAPE, (gpu(0.1),), 12, Placement(0, (0,))) == (
        "The model runs on the CPU alone, for none of its layers fit Fast 9000 (0.1 GiB free)."
    )
    assert "has no effect" in notice(SHAPE, (), 12, Placement(0))
    assert "runs on the CPU" in notice(None, (gpu(1),), -1, Placement(0))
