"""Python text without the bodies of its functions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sc2_lsp
from sc2_lsp.symbols import Outline
from sc2_lsp.syntax import language_of, outline_of_bytes
from sc2_lsp.syntax.bodies import without_bodies

MODULES = sorted(Path(sc2_lsp.__file__).parent.rglob("*.py"))
BODY = "    a = 1\n    b = 2\n    return a + b + a + b\n"


def cut(content: str) -> str:
    shorter, _ = without_bodies(content.encode())
    return shorter.decode()


def outline(data: bytes, *, references: bool) -> Outline:
    language = language_of("a.py")
    assert language is not None
    return outline_of_bytes(data, language, references=references)


def test_a_body_gives_way_to_an_ellipsis_and_its_lines_stay() -> None:
    shorter, last_rows = without_bodies(f"def f(x):\n{BODY}\nc = 3\n".encode())
    assert shorter == b"def f(x):\n ...\n\n\n\nc = 3\n"
    assert last_rows == {1: 3}


def test_comments_above_the_next_definition_stay() -> None:
    assert "# about g" in cut(f"def f():\n{BODY}\n# about g\ndef g(): ...\n")


def test_a_constructor_stays_for_its_fields() -> None:
    content = (
        "class A:\n    def __init__(self):\n        self.a = 1\n        self.bbbbbbbbbbbbb = 2\n"
    )
    assert cut(content) == content


@pytest.mark.parametrize(
    "content",
    [
        f'def f():\n    """\nNo end.\n{BODY}',
        f'def f(x=")"\n, y=((()))):\n{BODY}',
        f"lambda: 0 # def f():\n{BODY}",
        f"def f(\n    x, # )\n):\n{BODY}",
        "def f(): return 1\n",
        "def f",
        "",
    ],
)
def test_what_is_not_plain_stays(content: str) -> None:
    assert cut(content) == content


def test_a_bracket_that_closes_further_out_does_not_end_a_body() -> None:
    content = f"def f():\n{BODY}    x = g(\n1)\n" + "    y = (\n)\n    return x\nz = 1\n"
    assert "return x" not in cut(content.replace("1)", ")"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_an_outline_is_the_same_without_the_bodies(path: Path) -> None:
    data = path.read_bytes()
    whole, cut_short = outline(data, references=True), outline(data, references=False)
    assert cut_short.definitions == whole.definitions
    assert cut_short.imports == whole.imports


@given(st.text(alphabet="def f():\n \t\r\"'#()x@", max_size=150))
def test_any_text_keeps_its_lines(content: str) -> None:
    data = content.encode()
    shorter, last_rows = without_bodies(data)
    assert shorter.count(b"\n") == data.count(b"\n")
    assert all(row <= last < data.count(b"\n") + 1 for row, last in last_rows.items())
