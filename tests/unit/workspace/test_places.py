from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.workspace.places import MAX_PLACES, Place, Places

A, B = "file:///a.py", "file:///b.py"


def visited(*lines: int, uri: str = A) -> Places:
    places = Places()
    for line in lines:
        places.visit(uri, line)
    return places


def test_lines_near_each_other_are_one_place_which_comes_last() -> None:
    places = visited(10, 200, 14)
    assert list(places) == [Place(A, 200, 200), Place(A, 10, 14)]


def test_a_place_does_not_grow_for_ever() -> None:
    assert all(place.last_line - place.first_line < 60 for place in visited(*range(300)))
    assert len(list(visited(*range(300)))) < 10


def test_only_the_last_places_are_kept() -> None:
    places = visited(*range(0, 10_000, 100))
    assert [place.first_line for place in places] == [
        *range(10_000 - 100 * MAX_PLACES, 10_000, 100)
    ]


def test_places_move_with_edits_above_them() -> None:
    places = visited(5, 100)
    places.visit(B, 100)
    places.move(A, 20, 3)
    assert list(places) == [Place(A, 5, 5), Place(A, 103, 103), Place(B, 100, 100)]
    # The lines 40 to 110 became one.
    places.move(A, 110, -70)
    assert list(places) == [Place(A, 5, 5), Place(A, 40, 40), Place(B, 100, 100)]


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 50), st.integers(0, 50))))
def test_no_edit_makes_a_line_that_is_none(edits: list[tuple[int, int, int]]) -> None:
    places = visited(0, 30, 120)
    for first, n_removed, n_added in edits:
        places.move(A, first + n_removed, n_added - n_removed)
        places.visit(A, first + n_added)
        assert all(0 <= place.first_line <= place.last_line for place in places)
