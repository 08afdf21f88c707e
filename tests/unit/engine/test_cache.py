"""Random series of prompts on the real bookkeeping and a slow, strict memory."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_lsp.engine.cache import N_MEMORY_SEQUENCES, N_SEQUENCES, Batches, KvCache
from tests.unit.engine.memory import Aborted, SlowMemory

N_CELLS = 400
N_SCRATCH = 1
N_CTX = 300

# A prompt is made of a few long blocks, so that prompts share beginnings, middles and ends.
blocks = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 70)), min_size=1, max_size=5)
requests = st.lists(
    st.tuples(blocks, st.integers(0, 40), st.integers(0, 30), st.none() | st.integers(0, 3)),
    max_size=25,
)


def prompt(parts: list[tuple[int, int]]) -> tuple[int, ...]:
    tokens = [1000 * kind + index for kind, n_tokens in parts for index in range(n_tokens)]
    return tuple(tokens[:N_CTX])


def ignore(*_: object) -> None:
    pass


QUIET = Batches(ignore, ignore)


def check(cache: KvCache, memory: SlowMemory) -> None:
    """Bookkeeping and memory agree, and nothing is left of what was only for a moment."""
    for index, held in enumerate(cache.sequences.held):
        assert memory.tokens(index) == held.tokens
        assert len(held.cells) == len(held.tokens)
        assert all(0 <= key < len(held.tokens) for key in held.rankings)
        assert 0 <= held.n_asked <= len(held.tokens)
    for index in range(N_SEQUENCES, N_MEMORY_SEQUENCES):
        assert memory.tokens(index) == []
    assert cache.sequences.n_free == N_CELLS - len(memory.cells)


@settings(max_examples=150, deadline=None)
@given(requests, st.sampled_from([0, 8, 24]))
def test_after_any_series_of_plans_the_cache_holds_what_was_wanted(
    series: list[tuple[list[tuple[int, int]], int, int, int | None]], shift_tokens: int
) -> None:
    memory = SlowMemory(N_CELLS + N_SCRATCH)
    cache = KvCache(memory, N_CELLS, 16, shift_tokens)
    for parts, n_room, n_generated, abort_in in series:
        wanted = prompt(parts)
        plan = cache.plan(wanted, n_room)
        before = memory.n_evaluated
        memory.abort_in = abort_in
        try:
            cache.execute(plan, wanted, QUIET)
        except Aborted:
            check(cache, memory)
            continue
        finally:
            memory.abort_in = None
        check(cache, memory)
        held = cache.sequences.held[plan.sequence]
        assert tuple(held.tokens[: len(wanted)]) == wanted
        assert cache.ranking(plan.sequence, len(wanted)) is not None
        assert memory.n_evaluated - before == plan.n_evaluate
        assert plan.n_room == min(n_room, N_CELLS - len(wanted))
        for _ in range(min(n_generated, plan.n_room)):
            if len(held.tokens) < len(wanted) + plan.n_room:
                cache.append(plan.sequence, (held.tokens[-1] + 1,), 1)
        check(cache, memory)
        assert cache.plan(wanted, 0).n_evaluate == 0


@settings(max_examples=100, deadline=None)
@given(st.lists(blocks, min_size=1, max_size=12))
def test_without_moves_no_more_is_evaluated_than_any_one_sequence_lacks(
    series: list[list[tuple[int, int]]],
) -> None:
    memory = SlowMemory(N_CELLS)
    cache = KvCache(memory, N_CELLS, 16)
    for parts in series:
        wanted = prompt(parts)
        plan = cache.plan(wanted, 0)
        best = max(
            sum(1 for _ in _equal(memory.tokens(index), wanted)) for index in range(N_SEQUENCES)
        )
        assert plan.n_evaluate <= max(len(wanted) - best, 1)
        cache.execute(plan, wanted, QUIET)


def _equal(left: list[int], right: tuple[int, ...]) -> list[int]:
    equal = []
    for mine, other in zip(left, right, strict=False):
        if mine != other:
            break
        equal.append(mine)
    return equal


def test_a_copy_leaves_what_it_is_a_copy_of() -> None:
    memory = SlowMemory(N_CELLS)
    cache = KvCache(memory, N_CELLS, 16, shift_tokens=16)
    first = tuple(range(200))
    cache.execute(cache.plan(first, 0), first, QUIET)
    changed = (*first[:50], *range(500, 540), *first[60:], 999)
    plan = cache.plan(changed, 0)
    assert plan.n_copied == 140
    cache.execute(plan, changed, QUIET)
    assert tuple(memory.tokens(plan.sequence)) == changed
    assert tuple(memory.tokens(plan.source)) == first
    assert cache.plan((*first, 7), 0).n_evaluate == 1


def test_an_evaluation_aborted_between_copies_keeps_what_is_there() -> None:
    memory = SlowMemory(N_CELLS)
    cache = KvCache(memory, N_CELLS, 16, shift_tokens=16)
    first = tuple(range(200))
    cache.execute(cache.plan(first, 0), first, QUIET)
    changed = (*first[:50], *first[60:120], *range(500, 540), *first[130:], 999)
    plan = cache.plan(changed, 0)
    assert len(plan.copies) == 2
    memory.abort_in = 1
    with pytest.raises(Aborted):
        cache.execute(plan, changed, QUIET)
    memory.abort_in = None
    kept = memory.tokens(plan.sequence)
    assert 110 <= len(kept) < len(changed)
    assert tuple(kept) == changed[: len(kept)]
    check(cache, memory)


def test_who_is_asked_between_two_batches_is_asked_between_the_parts_of_a_copy() -> None:
    memory = SlowMemory(N_CELLS)
    cache = KvCache(memory, N_CELLS, 16, shift_tokens=16)
    first = tuple(range(190))
    cache.execute(cache.plan(first, 0), first, QUIET)
    changed = (999, *first[1:])
    n_asked = 0

    def before() -> None:
        nonlocal n_asked
        n_asked += 1

    cache.execute(cache.plan((0, *changed), 0), (0, *changed), Batches(before, ignore))
    assert memory.tokens(cache.plan((0, *changed), 0).sequence) == [0, *changed]
    # The new tokens at the beginning, two parts, and the last token for its ranking.
    assert n_asked == 4


def test_an_evaluation_that_is_stopped_before_copied_keys_were_turned_turns_them_next_time() -> (
    None
):
    memory = SlowMemory(N_CELLS)
    cache = KvCache(memory, N_CELLS, 16, shift_tokens=16)
    first = tuple(range(200))
    cache.execute(cache.plan(first, 0), first, QUIET)
    changed = (*first[:50], *first[60:], 999)
    n_asked = 0

    def before() -> None:
        nonlocal n_asked
        n_asked += 1
        if n_asked > 2:
            raise Aborted

    with pytest.raises(Aborted):
        cache.execute(cache.plan(changed, 0), changed, Batches(before, ignore))
    assert memory.unturned
    assert not cache.is_settled
    cache.execute(cache.plan(changed, 0), changed, QUIET)
    assert not memory.unturned
    check(cache, memory)


def test_a_state_that_is_not_taken_back_is_evaluated_instead() -> None:
    class Refusing(SlowMemory):
        def set_state(self, sequence: int, state: memoryview) -> bool:
            return False

    memory = Refusing(N_CELLS)
    cache = KvCache(memory, N_CELLS, 16, shift_tokens=16)
    first = tuple(range(200))
    cache.execute(cache.plan(first, 0), first, QUIET)
    changed = (*first[:50], *first[60:], 999)
    cache.execute(cache.plan(changed, 0), changed, QUIET)
    check(cache, memory)
    assert cache.ranking(cache.plan(changed, 0).sequence, len(changed)) is not None


def test_a_ranking_is_known_wherever_its_tokens_are_shared() -> None:
    memory = SlowMemory(N_CELLS)
    cache = KvCache(memory, N_CELLS, 16)
    common, one, other = (prompt([(kind, 70)]) for kind in (0, 1, 2))
    for wanted in (common, (*common, *one), (*common, *other)):
        cache.execute(cache.plan(wanted, 0), wanted, QUIET)
    plan = cache.plan(common, 0)
    assert plan.n_evaluate == 0
    assert plan.sequence == cache.plan((*common, *other), 0).sequence != 0


def test_a_look_at_all_logits_leaves_the_sequences_as_they_are() -> None:
    memory = SlowMemory(N_CELLS)
    cache = KvCache(memory, N_CELLS - 1, 16)
    cache.execute(cache.plan((1, 2, 3, 4), 0), (1, 2, 3, 4), QUIET)
    before = memory.n_evaluated
    assert cache.logits(0, 4).argmax() == 5
    assert memory.n_evaluated == before
    assert cache.logits(0, 2).argmax() == 3
    assert memory.n_evaluated == before + 1
    assert memory.tokens(0) == [1, 2, 3, 4]
    assert memory.tokens(N_MEMORY_SEQUENCES - 1) == []


def test_a_branch_is_dropped_in_the_end() -> None:
    memory = SlowMemory(N_CELLS)
    cache = KvCache(memory, N_CELLS - 10, 16)
    cache.execute(cache.plan((1, 2, 3, 4), 0), (1, 2, 3, 4), QUIET)
    with cache.branch(0, 3) as append:
        assert append(7).tokens[0] == 8
        assert append(8).tokens[0] == 9
        assert memory.tokens(N_MEMORY_SEQUENCES - 1) == [1, 2, 3, 7, 8]
    assert memory.tokens(N_MEMORY_SEQUENCES - 1) == []
    assert memory.tokens(0) == [1, 2, 3, 4]


def test_others_make_room_for_a_restored_state() -> None:
    memory = SlowMemory(N_CELLS)
    cache = KvCache(memory, N_CELLS, 16)
    restored = prompt([(4, 70), (3, 70), (2, 70)])
    cache.execute(cache.plan(restored, 0), restored, QUIET)
    parts = [cache.part(0, start, start + 70) for start in (0, 70, 140)]
    for kind in range(4):
        wanted = prompt([(kind, 70), (5, 20)])
        cache.execute(cache.plan(wanted, 0), wanted, QUIET)
    assert cache.restore(restored, parts)
    check(cache, memory)
    assert cache.plan((*restored, 9), 0).n_evaluate == 1
    assert cache.plan((*prompt([(3, 70), (5, 20)]), 9), 0).n_evaluate == 1


def test_parts_that_do_not_make_up_the_tokens_leave_nothing_behind() -> None:
    memory = SlowMemory(N_CELLS)
    cache = KvCache(memory, N_CELLS, 16)
    whole = prompt([(0, 60)])
    cache.execute(cache.plan(whole, 0), whole, QUIET)
    parts = [cache.part(0, 0, 30), cache.part(0, 30, 60)]
    assert not cache.restore(whole, parts[:1])
    assert not cache.restore(whole, [parts[0], parts[1][:-1]])
    check(cache, memory)
