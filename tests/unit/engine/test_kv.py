from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.engine.kv import SHORT_TAIL_TOKENS, common_prefix, plan
from sc2_lsp.engine.ranking import Ranking
from sc2_lsp.engine.runs import Run
from sc2_lsp.engine.sequences import Sequences

tokens = st.lists(st.integers(0, 2), max_size=200)

RANKING = Ranking((1, 2), (1.0, 0.0))


def holding(*prompts: tuple[int, ...], n_cells: int = 10_000, n_sequences: int = 4) -> Sequences:
    """Sequences that hold `prompts`, the last one used last, without sharing."""
    sequences = Sequences(n_cells, n_sequences)
    for index, prompt in enumerate(prompts):
        sequences.append(index, prompt)
        sequences.held[index].n_asked = len(prompt)
        sequences.touch(index)
    return sequences


def text(first: int, n_tokens: int = 300) -> tuple[int, ...]:
    return tuple(range(first, first + n_tokens))


@given(tokens, tokens)
def test_the_common_prefix_is_what_a_slow_walk_finds(left: list[int], right: list[int]) -> None:
    slow = 0
    while slow < min(len(left), len(right)) and left[slow] == right[slow]:
        slow += 1
    assert common_prefix(left, right) == slow


def test_a_typed_token_costs_one_token_in_place() -> None:
    todo = plan(holding(text(0)), (*text(0), 999), 10)
    assert (todo.sequence, todo.source, todo.n_keep, todo.n_evaluate) == (0, 0, 300, 1)
    assert todo.cuts == ()


def test_the_same_prompt_again_costs_its_last_token_where_no_ranking_is_known() -> None:
    assert plan(holding(text(0)), text(0), 10).n_evaluate == 1


def test_the_same_prompt_again_costs_nothing_where_the_ranking_is_known() -> None:
    sequences = holding(text(0))
    sequences.held[0].rankings[299] = RANKING
    assert plan(sequences, text(0), 10).n_evaluate == 0


def test_what_was_generated_stays_for_who_asks_again() -> None:
    sequences = holding(text(0))
    sequences.held[0].rankings[299] = RANKING
    sequences.append(0, (7, 8, 9))
    assert plan(sequences, text(0), 10).cuts == ()


def test_a_short_tail_is_dropped_in_place() -> None:
    todo = plan(holding(text(0)), (*text(0, 300 - SHORT_TAIL_TOKENS), 999), 10)
    assert todo.sequence == todo.source == 0
    assert todo.cuts == ((0, 300 - SHORT_TAIL_TOKENS),)


def test_any_generated_tail_is_dropped_in_place() -> None:
    sequences = holding(text(0))
    sequences.append(0, text(1000))
    assert plan(sequences, (*text(0), 999), 10).sequence == 0


def test_a_long_tail_stays_and_its_beginning_is_shared() -> None:
    todo = plan(holding(text(0)), (*text(0, 100), *text(1000, 50)), 10)
    assert (todo.source, todo.n_keep, todo.n_evaluate) == (0, 100, 50)
    assert todo.sequence != 0
    assert todo.cuts == ()


def test_a_tail_is_long_by_its_own_length_alone() -> None:
    n_keep = 299 - SHORT_TAIL_TOKENS
    todo = plan(holding(text(0)), (*text(0, n_keep), 999), 10)
    assert (todo.source, todo.n_keep) == (0, n_keep)
    assert todo.sequence != 0


def test_another_file_does_not_replace_the_first_one() -> None:
    todo = plan(holding(text(0)), text(1000), 10)
    assert (todo.sequence, todo.n_evaluate, todo.cuts) == (1, 300, ())


def test_the_longest_common_prefix_wins() -> None:
    sequences = holding((*text(0, 100), 5), (*text(0, 200), 5), (*text(0, 50), 5))
    todo = plan(sequences, (*text(0, 200), 6), 10)
    assert (todo.source, todo.n_keep) == (1, 200)


def test_of_equal_ones_the_most_recently_used_wins() -> None:
    sequences = holding((*text(0, 100), 5), (*text(0, 100), 6))
    sequences.touch(0)
    assert plan(sequences, (*text(0, 100), 7), 10).source == 0


def test_the_least_recently_used_sequence_gives_its_cells_from_its_end() -> None:
    sequences = holding(text(0), text(1000), text(2000), n_cells=1000)
    sequences.touch(0)
    todo = plan(sequences, text(5000, 120), 30)
    assert (todo.sequence, todo.cuts) == (3, ((1, 250),))


def test_cells_that_another_sequence_shares_are_not_what_is_gained() -> None:
    sequences = holding(text(0), n_cells=640)
    sequences.copy_prefix(0, 1, 200)
    sequences.append(1, text(1000, 100))
    sequences.touch(1)
    sequences.append(2, text(2000, 100))
    sequences.held[2].n_asked = 100
    sequences.touch(2)
    # Sequences 0 and 1 share 200 of their 300 tokens: 500 cells in all are in use.
    assert sequences.n_free == 140
    todo = plan(sequences, text(5000, 250), 90)
    # 0 held nothing more that 1 does not hold too.
    assert dict(todo.cuts) == {0: 0, 1: 200}


def test_a_mostly_shared_sequence_goes_before_an_older_one_of_another_file() -> None:
    sequences = holding(text(5000), text(0), n_cells=800)
    sequences.copy_prefix(1, 2, 250)
    sequences.append(2, text(1000, 50))
    sequences.touch(2)
    todo = plan(sequences, (*text(0, 250), *text(1000, 50), *text(3000, 180)), 10)
    assert todo.source == todo.sequence == 2
    assert todo.cuts == ((1, 260),)


def test_the_tail_of_the_source_is_the_last_to_go() -> None:
    sequences = holding(text(1000), text(0), n_cells=700)
    todo = plan(sequences, (*text(0, 100), *text(5000, 500)), 50)
    assert dict(todo.cuts) == {0: 0, 1: 150}


def test_the_room_for_a_generation_is_cut_to_what_there_can_be() -> None:
    todo = plan(holding(text(0), n_cells=400), text(5000, 390), 50)
    assert todo.n_room == 10


def test_text_behind_a_change_in_the_middle_is_copied() -> None:
    wanted = (*text(0, 100), 999, *text(110, 190), 998)
    todo = plan(holding(text(0)), wanted, 10, shift_tokens=32)
    assert todo.source == 0
    assert todo.sequence != 0
    assert todo.copies == (Run(110, 101, 190),)
    assert (todo.n_keep, todo.n_evaluate, todo.cuts) == (100, 2, ())


def test_shared_cells_are_copied_too() -> None:
    sequences = holding(text(0))
    sequences.copy_prefix(0, 1, 300)
    wanted = (*text(0, 100), 999, *text(110, 190), 998)
    assert plan(sequences, wanted, 10, shift_tokens=32).n_copied == 190


def test_the_place_that_somebody_comes_back_to_is_copied() -> None:
    sequences = holding((*text(0, 100), *text(100, 200)), (*text(0, 100), 999, *text(5000, 200)))
    sequences.touch(1)
    wanted = (*text(0, 100), 999, *text(100, 200), 998)
    todo = plan(sequences, wanted, 10, shift_tokens=32)
    assert todo.source == 0
    assert todo.copies == (Run(100, 101, 200),)
    assert todo.n_evaluate == 2


def test_a_copy_costs_no_other_place_where_cells_are_free() -> None:
    sequences = holding((*text(0, 100), *text(100, 600)), text(3000))
    wanted = (*text(0, 100), 999, *text(110, 250), 998)
    todo = plan(sequences, wanted, 10, shift_tokens=32)
    assert todo.n_copied == 250
    assert todo.cuts == ()


def test_a_copy_needs_cells_beside_what_it_is_a_copy_of() -> None:
    wanted = (*text(0, 100), 999, *text(110, 190), 998)
    fitting = plan(holding(text(0), n_cells=502), wanted, 10, shift_tokens=32)
    assert fitting.n_copied == 190
    crowded = plan(holding(text(0), n_cells=501), wanted, 10, shift_tokens=32)
    assert crowded.copies == ()
    assert crowded.n_evaluate == 192


def test_little_to_copy_is_another_place() -> None:
    wanted = (*text(0, 100), *text(5000, 200), *text(110, 190), 998)
    todo = plan(holding(text(0)), wanted, 10, shift_tokens=32)
    assert todo.copies == ()
    assert todo.sequence != todo.source
