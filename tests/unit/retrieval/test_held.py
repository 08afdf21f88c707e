"""What was shown of `/r/b.py` is looked at again from `/r/a.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.domain import OpenFile, Snapshot, Snippet
from sc2_lsp.retrieval import gone_lines, group
from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.rank import ranked
from tests.support.memory_index import MemoryIndex
from tests.support.snapshots import open_file, snapshot

SAMPLES = Path(__file__).parents[2] / "golden" / "syntax"
CONTENT = """\
import os


class Cart:
    def add(self, item):
        self.items.append(item)

    def total(
        self,
        rate,
    ):
        return rate


LIMIT = 3
"""
FILE = "/r/b.py"
VERBATIM = Snippet("b.py", 4, "".join(CONTENT.splitlines(keepends=True)[4:11]), "x", "", file=FILE)
OUTLINE = Snippet(
    "b.py",
    3,
    "class Cart:\n    def add(self, item): ...\n"
    "    def total(\n        self,\n        rate,\n    ): ...\n",
    "x",
    "",
    lines=(3, 4, 7, 8, 9, 10),
    file=FILE,
)
BOTH = (VERBATIM, OUTLINE)


def here(*open_files: OpenFile, path: str = "a.py") -> Snapshot:
    return snapshot("<CURSOR>", path=path, root="/r", file=f"/r/{path}", open_files=open_files)


def gone(content: str | None, at: Snapshot | None = None) -> list[frozenset[int]]:
    index = MemoryIndex({} if content is None else {"b.py": content})
    return gone_lines(at or here(), BOTH, index)


ALL = [frozenset(range(4, 11)), frozenset((3, 4, 7, 8, 9, 10))]


def test_what_still_stands_in_its_file_is_not_gone() -> None:
    assert gone(CONTENT) == [frozenset(), frozenset()]
    assert gone(CONTENT.replace("\n", "\r\n")) == [frozenset(), frozenset()]


def test_it_may_have_moved() -> None:
    assert gone("import sys\n\n" + CONTENT) == [frozenset(), frozenset()]


def test_of_the_current_document_all_is_gone() -> None:
    assert gone(CONTENT, here(path="b.py")) == ALL


def test_of_a_deleted_or_excluded_file_all_is_gone() -> None:
    assert gone(None) == ALL
    assert gone_lines(here(), BOTH, None) == ALL


def test_the_editor_counts_before_the_index() -> None:
    edited = open_file("b.py", CONTENT, file=FILE)
    assert gone(None, here(edited)) == [frozenset(), frozenset()]
    renamed = open_file("b.py", CONTENT.replace("add(", "put("), file=FILE)
    assert gone(CONTENT, here(renamed)) == [ALL[0], {4}]


def test_another_file_of_that_name_says_nothing() -> None:
    elsewhere = open_file("b.py", CONTENT, file="/lib/b.py")
    assert gone(None, here(elsewhere)) == ALL
    outside = Snippet("b.py", 14, "LIMIT = 3\n", "x", "", file="/lib/b.py")
    index = MemoryIndex({"b.py": CONTENT})
    assert gone_lines(here(), (outside,), index) == [{14}]
    assert gone_lines(here(elsewhere), (outside,), index) == [frozenset()]


@pytest.mark.parametrize(
    ("shown", "now", "is_gone"),
    [
        ("x = 1", "x = 12", True),
        ("x = 1", "xx = 1", True),
        ("return a", "return a + b", True),
        ("def f(a): ...", "def f(a, b):", True),
        ("class A: ...", "class A(B):", True),
        ("int f(int n) { ... }", "    int f(int n)", False),
        ("class A {", "export class A", False),
        ("name: string", "name: string;", False),
        ("LIMIT: int", "LIMIT: int = 3  # items", False),
        ("function f(x)", "function f(x) return x end", False),
    ],
)
def test_a_line_is_compared_by_its_words(shown: str, now: str, is_gone: bool) -> None:
    snippet = Snippet("b.py", 0, f"{shown}\n", "x", "", file=FILE)
    (numbers,) = gone_lines(here(), (snippet,), MemoryIndex({"b.py": f"{now}\n"}))
    assert bool(numbers) == is_gone


def test_a_line_put_between_two_others_is_noticed() -> None:
    assert gone(CONTENT.replace("        self.items", "        check(item)\n        self.items"))[0]


def test_what_is_shown_of_a_file_of_any_language_stands_in_it() -> None:
    """But for few: a signature is not always what is written."""
    n_shown = n_gone = 0
    for path in sorted(SAMPLES.rglob("*.*")):
        index = MemoryIndex({path.name: path.read_text("utf-8")})
        found = [Candidate(at, 0.5, "test", "") for at in index.outline_of(path.name)]
        shown = ranked(found, (), {}, Lookup(index))
        for numbers in gone_lines(here(), (*shown, *group(shown)), index):
            n_shown += 1
            n_gone += bool(numbers)
    assert n_shown > 300
    assert n_gone < n_shown / 50
