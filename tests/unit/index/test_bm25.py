from __future__ import annotations

from sc2_lsp.index.bm25 import for_length, scores, weight


def test_a_rare_word_is_worth_more_than_a_common_one_and_that_more_than_nothing() -> None:
    assert weight(1000, 1) > weight(1000, 10) > weight(1000, 1000) > 0


def test_a_word_that_stands_in_more_pieces_than_are_counted_is_worth_something() -> None:
    assert weight(0, 3) > 0


def test_weights_of_the_words_of_a_piece_are_summed_up() -> None:
    assert scores([(1.0, [7, 8]), (0.5, [8])]) == {7: 1.0, 8: 1.5}


def test_the_same_words_in_fewer_lines_score_higher() -> None:
    assert for_length(1.0, 5) > for_length(1.0, 20) > for_length(1.0, 40) > 0
