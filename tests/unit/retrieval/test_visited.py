from __future__ import annotations

from sc2_lsp.domain import Snippet, Visited
from sc2_lsp.retrieval import gather
from sc2_lsp.retrieval.sources.visited import find
from sc2_lsp.text import Text
from tests.support.memory_index import MemoryIndex
from tests.support.snapshots import open_file, snapshot

LARGE = "".join(f"line_{number:04} = {number}\n" for number in range(1000))


def found(*places: Visited, **files: str) -> list[Snippet]:
    index = MemoryIndex({f"{name}.py": content for name, content in files.items()})
    return list(find(snapshot("<CURSOR>", visited=places), index))


def place(path: str, line: int, content: str | None = None) -> Visited:
    return Visited(path, f"/r/{path}", line, line, None if content is None else Text.of(content))


def test_a_closed_file_is_shown_around_the_place_as_the_index_reads_it() -> None:
    (shown,) = found(place("b.py", 500), b=LARGE)
    assert "line_0500" in shown.text
    assert shown.text in LARGE
    assert len(shown.text) < 1500
    assert (shown.path, shown.file, shown.source) == ("b.py", "/r/b.py", "visited")


def test_an_open_file_is_shown_as_the_editor_has_it() -> None:
    (shown,) = found(place("b.py", 0, "now = 1\n"), b="before = 1\n")
    assert shown.text == "now = 1\n"


def test_what_the_index_does_not_know_any_more_is_not_shown() -> None:
    assert found(place("gone.py", 0), place(".env", 0), b="b = 1\n") == []
    assert list(find(snapshot("<CURSOR>", visited=(place("b.py", 0),)), None)) == []


def test_the_latest_place_comes_first_and_a_file_that_became_shorter_is_shown() -> None:
    first, second = found(place("a.py", 900), place("b.py", 0), a="a = 1\n", b="b = 1\n")
    assert (first.text, second.text) == ("b = 1\n", "a = 1\n")
    assert first.score > second.score > 0


def test_what_is_shown_of_an_open_file_is_not_shown_twice() -> None:
    at = snapshot(
        "<CURSOR>",
        root="/r",
        open_files=(open_file("b.py", LARGE, LARGE.index("line_0500"), "/r/b.py"),),
        visited=(place("b.py", 100, LARGE), place("b.py", 500, LARGE)),
    )
    texts = [shown.text for shown in gather(at, MemoryIndex({}))]
    assert [("line_0500" in text, "line_0100" in text) for text in texts] == [
        (True, False),
        (False, True),
    ]
