from __future__ import annotations

from sc2_lsp.retrieval.sources.open_files import find
from tests.support.snapshots import open_file, snapshot


def numbered(n_lines: int) -> str:
    return "".join(f"line_{number:04} = {number}\n" for number in range(n_lines))


def test_a_small_file_is_shown_whole_and_the_last_edited_one_comes_first() -> None:
    at = snapshot("<CURSOR>", open_files=(open_file("a.py", "A = 1"), open_file("b.py", "B = 1\n")))
    found = list(find(at))
    assert [(s.path, s.text) for s in found] == [("b.py", "B = 1\n"), ("a.py", "A = 1\n")]
    assert found[0].score > found[1].score > 0


def test_of_a_large_file_whole_lines_around_the_last_edit() -> None:
    content = numbered(1000)
    edited_at = content.index("line_0500")
    (shown,) = find(snapshot("<CURSOR>", open_files=(open_file("a.py", content, edited_at),)))
    assert "line_0500" in shown.text
    assert shown.text in content
    assert content.splitlines()[shown.start_line] == shown.text.splitlines()[0]
    assert len(shown.text) < 1500


def test_a_snippet_stays_where_it_is_while_somebody_types() -> None:
    content = numbered(1000)
    edited_at = content.index("line_0500")
    starts = {
        next(find(snapshot("<CURSOR>", open_files=(open_file("a.py", content, edited_at + n),))))
        for n in range(40)
    }
    assert len(starts) <= 2


def test_blank_files_and_the_current_file_are_left_out() -> None:
    at = snapshot(
        "<CURSOR>",
        path="a.py",
        open_files=(open_file("a.py", "A = 1\n"), open_file("b.py", " \n\n")),
    )
    assert list(find(at)) == []


def test_another_file_called_like_the_current_one_is_shown() -> None:
    other = open_file("a.py", "A = 1\n", file="/usr/lib/a.py")
    (shown,) = find(snapshot("<CURSOR>", path="a.py", file="/r/a.py", open_files=(other,)))
    assert shown.key == "/usr/lib/a.py"


def test_a_file_of_one_endless_line_is_not_shown() -> None:
    at = snapshot("<CURSOR>", open_files=(open_file("a.js", "x" * 900_000, 450_000),))
    assert list(find(at)) == []
