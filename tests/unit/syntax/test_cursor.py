"""What stands around a cursor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.syntax import Place, place_at
from sc2_lsp.syntax.cursor import Callee

MARK = "<CURSOR>"


def place(marked: str) -> Place:
    before, _, after = marked.partition(MARK)
    return place_at(before + after, len(before))


@pytest.mark.parametrize(
    ("marked", "word", "receiver"),
    [
        ("foo<CURSOR>", "foo", ""),
        ("self.pool.ge<CURSOR>", "ge", "self.pool"),
        ("np.<CURSOR>", "", "np"),
        ("ring->next->va<CURSOR>lue", "va", "ring->next"),
        ("std::ve<CURSOR>", "ve", "std"),
        ("load(1, [2])[0].na<CURSOR>", "na", "load()[]"),
        ("a?.b!!.c<CURSOR>", "c", "a?.b"),
        ("builder\n    .with(x)\n    .bu<CURSOR>", "bu", "builder.with()"),
        ('", ".jo<CURSOR>', "jo", ""),
        ("0..en<CURSOR>", "en", ""),
        ("[...it<CURSOR>", "it", ""),
        ("größe.wö<CURSOR>", "wö", "größe"),
        ("this.#it<CURSOR>", "it", ""),
        ("  <CURSOR>", "", ""),
    ],
)
def test_the_word_and_what_stands_before_its_dot(marked: str, word: str, receiver: str) -> None:
    found = place(marked)
    assert (found.word, found.receiver) == (word, receiver)


@pytest.mark.parametrize(
    ("marked", "calls"),
    [
        ("f(<CURSOR>", [("f", "")]),
        ("f(a, g(b), <CURSOR>", [("f", "")]),
        ("a.f(1, b.g({x: [<CURSOR>", [("g", "b"), ("f", "a")]),
        ('f(")", <CURSOR>', [("f", "")]),
        ("if (x) <CURSOR>", []),
        ("while (<CURSOR>", []),
        ("f(a)\n<CURSOR>", []),
        ("f(g(h(i(<CURSOR>", [("i", ""), ("h", ""), ("g", "")]),
    ],
)
def test_the_calls_that_are_open(marked: str, calls: list[tuple[str, str]]) -> None:
    assert list(place(marked).calls) == [Callee(*call) for call in calls]


@given(st.text(alphabet="ab._()[]{}\"' \n:>-é😀", max_size=80), st.integers(0, 80))
def test_any_text_has_a_place(content: str, char_offset: int) -> None:
    found = place_at(content, min(char_offset, len(content)))
    assert content[: min(char_offset, len(content))].endswith(found.word)
