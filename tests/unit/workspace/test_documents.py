from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.domain import OpenFile
from sc2_lsp.text import Text
from sc2_lsp.workspace.documents import (
    MAX_OPEN_FILE_CHARS,
    MAX_OPEN_FILES,
    Documents,
    Edit,
)
from sc2_lsp.workspace.notebooks import Cell

A, B, C = "file:///r/a.py", "file:///r/pkg/b.py", "file:///other/c.py"
REPOSITORIES = {"/r": "owner/name"}


def opened(*uris: str) -> Documents:
    documents = Documents()
    for uri in uris:
        documents.open(uri, "python", 1, f"# {uri}\n")
    return documents


def others(documents: Documents, uri: str) -> list[str]:
    snapshot = documents.snapshot(uri, 0, REPOSITORIES)
    assert snapshot is not None
    return [other.path for other in snapshot.open_files]


def test_a_snapshot_holds_the_document_and_the_others() -> None:
    documents = opened(A, B)
    documents.edit(B, 2, Edit(0, 2, "x"))
    snapshot = documents.snapshot(A, 3, REPOSITORIES)
    assert snapshot is not None
    assert (snapshot.path, snapshot.repository, snapshot.char_offset) == ("a.py", "owner/name", 3)
    assert snapshot.text.content == f"# {A}\n"
    assert snapshot.open_files == (OpenFile("pkg/b.py", Text.of(f"x{B}\n"), 1, "/r/pkg/b.py"),)


def test_the_latest_edit_comes_last() -> None:
    documents = opened(A, B, C)
    assert others(documents, A) == ["pkg/b.py", "c.py"]
    documents.edit(B, 2, Edit(0, 0, "x"))
    assert others(documents, A) == ["c.py", "pkg/b.py"]
    documents.replace(C, 2, "")
    assert others(documents, A) == ["pkg/b.py", "c.py"]


def test_a_file_outside_of_the_folders_has_no_repository() -> None:
    snapshot = opened(C).snapshot(C, 0, REPOSITORIES)
    assert snapshot is not None
    assert (snapshot.path, snapshot.repository) == ("c.py", "")


def test_files_of_the_same_name_are_told_apart() -> None:
    roots = {"/w/app": "app", "/w/other": "other"}
    uris = [f"file://{folder}/models.py" for folder in ("/w/app", "/w/other", "/usr/lib")]
    documents = opened("file:///w/app/views.py", *uris)
    snapshot = documents.snapshot("file:///w/app/views.py", 0, roots)
    assert snapshot is not None
    assert (snapshot.root, snapshot.key) == ("/w/app", "/w/app/views.py")
    assert snapshot.in_root("models.py") == "/w/app/models.py"
    assert [(other.path, other.key) for other in snapshot.open_files] == [
        ("models.py", "/w/app/models.py"),
        ("models.py", "/w/other/models.py"),
        ("models.py", "/usr/lib/models.py"),
    ]


def test_files_of_a_folder_inside_another_one_are_named_from_that_of_the_document() -> None:
    documents = opened(A, B)
    for uri, names in ((A, ["pkg/b.py"]), (B, ["a.py"])):
        snapshot = documents.snapshot(uri, 0, {"/r": "r", "/r/pkg": "pkg"})
        assert snapshot is not None
        assert [other.path for other in snapshot.open_files] == names


def test_what_is_not_saved_names_files_from_the_only_folder() -> None:
    documents = opened("untitled:Untitled-1", A)
    snapshot = documents.snapshot("untitled:Untitled-1", 0, {"/r": "r"})
    assert snapshot is not None
    assert (snapshot.root, snapshot.key) == ("/r", "untitled:Untitled-1")
    assert snapshot.repository == ""


def test_what_is_no_file_is_no_context_but_can_be_completed() -> None:
    documents = opened("git:/r/a.py?x", "output:1", "untitled:Untitled-1", A)
    assert others(documents, A) == ["Untitled-1"]
    assert others(documents, "git:/r/a.py?x") == ["Untitled-1", "a.py"]


def test_an_excluded_file_is_shown_in_no_prompt_but_its_own() -> None:
    documents = Documents(lambda path: path in ("/r/pkg/b.py", "/r/notes.ipynb"))
    for uri in (A, B, C, "untitled:Untitled-1", "cell:1"):
        documents.open(uri, "python", 1, "x = 1\n")
    documents.open_notebook("file:///r/notes.ipynb", [Cell("cell:1", is_code=True)])
    assert others(documents, A) == ["c.py", "Untitled-1"]
    assert others(documents, B) == ["a.py", "c.py", "Untitled-1"]


def test_context_is_bounded() -> None:
    documents = opened(A, *(f"file:///r/{number}.py" for number in range(MAX_OPEN_FILES + 5)))
    documents.open(B, "python", 1, "x" * (MAX_OPEN_FILE_CHARS + 1))
    assert others(documents, A) == [f"{number}.py" for number in range(5, MAX_OPEN_FILES + 5)]


def test_a_closed_document_is_gone() -> None:
    documents = opened(A, B)
    documents.close(B)
    documents.close(B)
    assert len(documents) == 1
    assert documents.get(B) is None
    assert others(documents, A) == []
    assert documents.snapshot(B, 0, REPOSITORIES) is None
    with pytest.raises(KeyError):
        documents.edit(B, 2, Edit(0, 0, "x"))


def lines_visited(documents: Documents, uri: str) -> list[tuple[str, int, int, bool]]:
    snapshot = documents.snapshot(uri, 0, REPOSITORIES)
    assert snapshot is not None
    return [(v.path, v.first_line, v.last_line, v.text is None) for v in snapshot.visited]


def test_where_somebody_was_outlives_the_document() -> None:
    documents = opened(A)
    documents.open(B, "python", 1, "x = 1\n" * 300)
    documents.visit(B, start_of_line(200))
    documents.edit(B, 2, Edit(start_of_line(50), start_of_line(50), "y\n"))
    assert lines_visited(documents, A) == [
        ("pkg/b.py", 201, 201, False),
        ("pkg/b.py", 51, 51, False),
    ]
    assert lines_visited(documents, B) == []
    documents.close(B)
    assert lines_visited(documents, A) == [("pkg/b.py", 201, 201, True), ("pkg/b.py", 51, 51, True)]


def start_of_line(number: int) -> int:
    """The char offset of a line of six chars."""
    return number * 6


def test_a_file_that_was_only_opened_was_not_visited() -> None:
    assert lines_visited(opened(A, B), A) == []


def test_places_outside_of_the_root_go_with_their_document() -> None:
    documents = opened(A, C, "untitled:Untitled-1")
    for uri in (C, "untitled:Untitled-1"):
        documents.visit(uri, 3)
    assert [path for path, *_ in lines_visited(documents, A)] == ["c.py", "Untitled-1"]
    for uri in (C, "untitled:Untitled-1"):
        documents.close(uri)
    assert lines_visited(documents, A) == []


def test_an_excluded_file_was_visited_by_nobody() -> None:
    documents = Documents(lambda path: path == "/r/pkg/b.py")
    for uri in (A, B):
        documents.open(uri, "python", 1, "x = 1\n")
    documents.visit(B, 3)
    assert lines_visited(documents, A) == []


def test_where_a_suggestion_was_asked_for_counts_like_an_edit() -> None:
    documents = opened(A, B, C)
    documents.visit(B, 3)
    snapshot = documents.snapshot(A, 0, REPOSITORIES)
    assert snapshot is not None
    assert [(other.path, other.char_offset) for other in snapshot.open_files] == [
        ("c.py", 0),
        ("pkg/b.py", 3),
    ]
    documents.visit("file:///r/never.py", 3)


def test_a_document_of_other_content_keeps_the_place_of_its_last_edit() -> None:
    documents = opened(A)
    documents.edit(A, 2, Edit(4, 4, "x"))
    documents.replace(A, 3, "ab")
    document = documents.get(A)
    assert document is not None
    assert (document.version, document.text.content, document.edited_at) == (3, "ab", 2)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.text("a\r\n\f", max_size=5))))
def test_edits_are_those_of_a_string(edits: list[tuple[int, int, str]]) -> None:
    documents = opened(A)
    content = f"# {A}\n"
    for start, end, text in edits:
        start, end = sorted((min(start, len(content)), min(end, len(content))))
        content = content[:start] + text + content[end:]
        documents.edit(A, 2, Edit(start, end, text))
    document = documents.get(A)
    assert document is not None
    assert document.text == Text.of(content)
