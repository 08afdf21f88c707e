from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.index.pieces import MAX_LINES, MIN_LINES, WINDOW_LINES, piece_starts
from sc2_lsp.symbols import Kind

kinds = st.sampled_from(list(Kind))


@st.composite
def files(draw: st.DrawFn) -> tuple[int, list[tuple[Kind, int]]]:
    n_lines = draw(st.integers(1, 300))
    starts = draw(st.lists(st.tuples(st.integers(0, n_lines - 1), kinds), max_size=30))
    return n_lines, [(kind, line) for line, kind in starts]


@given(files())
def test_pieces_cover_a_file_in_order_and_none_is_too_long(
    file: tuple[int, list[tuple[Kind, int]]],
) -> None:
    n_lines, definitions = file
    starts = piece_starts(n_lines, definitions)
    assert starts[0] == 0
    lengths = [b - a for a, b in zip(starts, [*starts[1:], n_lines], strict=True)]
    assert all(0 < length <= MAX_LINES for length in lengths)
    assert sum(lengths) == n_lines


def function(line: int) -> tuple[Kind, int]:
    return Kind.FUNCTION, line


def test_a_definition_begins_a_piece_unless_the_one_before_is_short() -> None:
    first, near, far = MIN_LINES, MIN_LINES + 1, 3 * MIN_LINES
    starts = piece_starts(100, [function(first), function(near), function(far)])
    assert starts[:3] == [0, first, far]


def test_fields_and_variables_begin_none() -> None:
    assert piece_starts(40, [function(10), (Kind.FIELD, 20)]) == [0, 10]


def test_text_without_definitions_is_cut_into_windows() -> None:
    assert piece_starts(2 * WINDOW_LINES + 1, []) == [0, WINDOW_LINES, 2 * WINDOW_LINES]
