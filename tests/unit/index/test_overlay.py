from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_lsp.index.overlay import MAX_CHARS, Overlay

lines = st.lists(st.text(alphabet="ab é😀", max_size=5), min_size=1, max_size=6)
breaks = st.sampled_from(["\n", "\r\n", "\r"])


def test_a_file_shows_once_it_was_parsed() -> None:
    overlay = Overlay()
    overlay.put("a.py", "def one(): pass\n")
    assert overlay.is_stale()
    assert overlay.is_held("a.py")
    assert overlay.held() == {}
    overlay.refresh()
    assert not overlay.is_stale()
    assert [at.definition.name for at in overlay.held()["a.py"].definitions] == ["one"]


def test_typing_in_one_line_parses_nothing_and_a_new_line_does() -> None:
    overlay = Overlay()
    overlay.put("a.py", "one = 1\ntwo = 2\n")
    overlay.refresh()
    overlay.put("a.py", "one = 1\ntwo = 22 + 2\n")
    assert not overlay.is_stale()
    assert overlay.held()["a.py"].content == "one = 1\ntwo = 2\n"
    overlay.put("a.py", "one = 1\ntwo = 22\n + 2\n")
    assert overlay.is_stale()


def test_a_single_line_is_parsed_where_that_is_asked_for() -> None:
    overlay = Overlay()
    overlay.put("a.py", "def one(): pass\n")
    overlay.refresh()
    overlay.put("a.py", "def two(): pass\n")
    assert not overlay.is_stale()
    assert overlay.is_stale(to_the_letter=True)
    overlay.refresh(to_the_letter=True)
    assert not overlay.is_stale(to_the_letter=True)
    assert [at.definition.name for at in overlay.held()["a.py"].definitions] == ["two"]


@settings(deadline=None)
@given(lines, lines, breaks)
def test_what_is_held_has_as_many_lines_as_what_is_wanted(
    old: list[str], new: list[str], line_break: str
) -> None:
    overlay = Overlay()
    overlay.put("a.txt", line_break.join(old))
    overlay.refresh()
    overlay.put("a.txt", line_break.join(new))
    overlay.refresh()
    held = overlay.held()["a.txt"].content.split(line_break)
    assert len(held) == len(new)
    assert sum(a != b for a, b in zip(held, new, strict=True)) <= 1


def test_a_closed_file_is_forgotten_and_a_huge_one_never_held() -> None:
    overlay = Overlay()
    overlay.put("a.txt", "a")
    overlay.refresh()
    overlay.remove("a.txt")
    overlay.put("b.txt", "b" * (MAX_CHARS + 1))
    overlay.refresh()
    assert overlay.held() == {}
    overlay.put("c.txt", "c")
    overlay.refresh()
    overlay.put("c.txt", "c" * (MAX_CHARS + 1))
    assert overlay.held() == {}
