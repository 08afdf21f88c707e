from __future__ import annotations

import pytest

from sc2_lsp.domain import Snippet
from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.rank import ranked
from tests.support.memory_index import MemoryIndex


def candidates(path: str, content: str, score: float = 0.5) -> tuple[list[Candidate], Lookup]:
    """All that a file defines, each as likely as the others."""
    index = MemoryIndex({path: content})
    located = index.outline_of(path)
    return [Candidate(at, score, "test", "a reason") for at in located], Lookup(index)


@pytest.mark.parametrize(
    ("path", "content", "shown"),
    [
        ("a.py", "def f(x):\n    return x\n", "def f(x): ...\n"),
        ("a.py", "LIMIT: int = 3\n", "LIMIT: int = 3\n"),
        ("a.go", "package a\nfunc F(x int) int {\n\treturn x\n}\n", "func F(x int) int { ... }\n"),
        ("a.h", "int f(int x);\n", "int f(int x);\n"),
        ("a.ts", "type A = string;\n", "type A = string;\n"),
        ("a.lua", "function f(x)\n  return x\nend\n", "function f(x)\n"),
    ],
)
def test_a_definition_is_its_signature_with_the_body_elided(
    path: str, content: str, shown: str
) -> None:
    found, lookup = candidates(path, content)
    assert shown in [one.text for one in ranked(found, (), {}, lookup)]


def test_a_member_of_a_brace_language_stands_below_its_class() -> None:
    content = "public class A {\n    int x;\n    int f(int n) {\n        return n;\n    }\n}\n"
    found, lookup = candidates("A.java", content)
    texts = [one.text for one in ranked(found, (), {}, lookup)]
    assert "public class A {\n    int f(int n) { ... }\n" in texts


def test_what_several_sources_propose_comes_before_what_one_does() -> None:
    (one, two), lookup = candidates("a.py", "def f(x):\n    pass\n\ndef g(y):\n    pass\n", 0.3)
    again = Candidate(two.located, 0.3, "other", "another reason")
    first, _ = ranked([one, two, again], (), {}, lookup)
    assert "def g" in first.text


def test_a_signature_that_shares_words_with_the_code_comes_first() -> None:
    found, lookup = candidates("a.py", "def f(x):\n    pass\n\ndef g(canvas):\n    pass\n")
    first, _ = ranked(found, (), {"canvas": 1.0}, lookup)
    assert "canvas" in first.text


def test_of_two_that_are_as_likely_the_shorter_one_comes_first() -> None:
    long = "def f(" + ", ".join(f"parameter_{n}" for n in range(40)) + "):\n    pass\n"
    found, lookup = candidates("a.py", long + "\ndef g(y):\n    pass\n")
    first, _ = ranked(found, (), {}, lookup)
    assert "def g" in first.text


def test_lines_that_better_pieces_show_are_not_shown_again() -> None:
    whole = Snippet("a.py", 0, "x = 1\ny = 2\n", "test", "", score=0.9)
    part = Snippet("a.py", 1, "y = 2\n", "test", "", score=0.1)
    copy = Snippet("b.py", 0, "x = 1\ny = 2\n", "test", "", score=0.1)
    (shown,) = ranked((), (whole, part, copy), {}, None)
    assert shown.path == "a.py"
