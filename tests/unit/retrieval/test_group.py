from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.domain import Snippet
from sc2_lsp.retrieval import group, select, told_apart

HEAD = Snippet("a.py", 3, "class A: ...\n", "imported", "A is imported")
METHOD = Snippet("a.py", 3, "class A:\n    def f(self): ...\n", "x", "f", lines=(3, 9))
OTHER = Snippet("a.py", 3, "class A:\n    def g(self): ...\n", "x", "g", lines=(3, 5))
LINES = Snippet("a.py", 20, "x = 1\ny = 2\n", "similar", "similar code")
ELSEWHERE = Snippet("b.py", 0, "B = 1\n", "imported", "B is imported")

ALL = (HEAD, METHOD, OTHER, LINES, ELSEWHERE)


def test_pieces_of_a_file_are_one_skeleton_in_the_order_of_its_lines() -> None:
    first, second = group(ALL)
    assert first.text == ("class A:\n    def g(self): ...\n    def f(self): ...\nx = 1\ny = 2\n")
    assert (first.path, first.start_line) == ("a.py", 3)
    assert first.source == "imported, x, similar"
    assert second == ELSEWHERE


def test_dots_stand_where_code_was_left_out() -> None:
    later = Snippet("a.py", 40, "z = 3\n", "similar", "")
    (shown,) = group((LINES, later))
    assert shown.text == "x = 1\ny = 2\n...\nz = 3\n"
    assert group((shown,)) == (shown,)


@given(st.permutations(ALL))
def test_the_order_of_the_pieces_changes_no_text(pieces: list[Snippet]) -> None:
    shown = {one.path: one.text for one in group(pieces)}
    assert shown == {one.path: one.text for one in group(ALL)}


def size(line: str) -> int:
    return len(line.split())


def test_a_line_that_several_pieces_have_and_a_path_cost_once() -> None:
    # Path and separator 2, class 2, method 3; the second method 3.
    assert select((METHOD, OTHER), size, 9) == (METHOD,)
    assert select((METHOD, OTHER), size, 10) == (METHOD, OTHER)


def test_what_is_too_large_gives_way_to_the_next_one() -> None:
    assert select((METHOD, LINES, ELSEWHERE), size, 6) == (ELSEWHERE,)


APP = Snippet("models.py", 0, "class User: ...\n", "x", "", file="/w/app/models.py")
LIBRARY = Snippet("models.py", 0, "# a library\n", "x", "", file="/usr/lib/models.py")


def test_files_of_the_same_name_are_not_made_one() -> None:
    assert group((APP, LIBRARY)) == (APP, LIBRARY)
    assert select((APP, LIBRARY), size, 8) == (APP,)
    assert select((APP, LIBRARY), size, 10) == (APP, LIBRARY)


def test_files_of_the_same_name_are_shown_by_different_ones() -> None:
    other = Snippet("models.py", 0, "", "x", "", file="/home/lib/models.py")
    untitled = Snippet("Untitled-1", 0, "", "x", "", file="untitled:Untitled-1")
    shown = told_apart((APP, LIBRARY, APP, other, untitled), {"models.py": "/w/models.py"})
    assert [one.path for one in shown] == [
        "app/models.py",
        "lib/models.py",
        "app/models.py",
        "home/lib/models.py",
        "Untitled-1",
    ]
    assert told_apart((APP,), {"models.py": APP.key}) == (APP,)


@given(st.permutations(ALL), st.integers(0, 60))
def test_what_is_selected_fits(pieces: list[Snippet], budget: int) -> None:
    shown = group(select(pieces, size, budget))
    texts = [line for one in shown for line in (f"{one.path} +", *one.text.split("\n"))]
    assert sum(size(line) for line in texts if line != "...") <= budget
