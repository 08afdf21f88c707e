from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sc2_lsp.bench.keystrokes import Kind, Passage, Scenario, Stroke, strokes
from sc2_lsp.text import Text

SOURCE = """\
class Circle:
    def __init__(self, radius):
        self.radius = radius

    def area(self):
        return 3.14159 * self.radius ** 2

    def circumference(self):
        return 2 * 3.14159 * self.radius
"""
SECOND = "import circle\n\nprint(circle.Circle(2).area())\n"
PASSAGE = Passage(Text.of(SOURCE), 4, 2)

TEXTS = st.text(alphabet="ab (=\t\r\n\U0001f600", max_size=80)


def typed(passage: Passage, keys: list[Stroke], second: str = "") -> tuple[str, str]:
    """Both documents after the strokes."""
    texts = [passage.before, Text.of(second)]
    for stroke in keys:
        texts[stroke.document] = texts[stroke.document].splice(
            stroke.start, stroke.end, stroke.text
        )
    return texts[0].content, texts[1].content


@given(
    content=TEXTS,
    first=st.integers(0, 8),
    n_lines=st.integers(1, 4),
    scenario=st.sampled_from(Scenario),
    second=st.none() | TEXTS,
    seed=st.integers(0, 99),
)
def test_whatever_happens_meanwhile_the_texts_are_as_they_should_be_at_the_end(
    content: str, first: int, n_lines: int, scenario: Scenario, second: str | None, seed: int
) -> None:
    whole = Text.of(content)
    assume(first + n_lines <= whole.n_lines)
    passage = Passage(whole, first, n_lines)
    other = Text.of(second) if second is not None else None
    keys = list(strokes(passage, scenario, other, seed))
    assert typed(passage, keys, second or "") == (content, second or "")
    assert all(stroke.pause_s > 0 for stroke in keys)


def test_straight_typing_is_one_char_a_stroke_and_a_line_break_with_its_indentation() -> None:
    keys = list(strokes(PASSAGE, Scenario.STRAIGHT, None, 1))
    assert {stroke.kind for stroke in keys} == {Kind.TYPED}
    texts = [stroke.text for stroke in keys]
    assert "".join(texts) == "def area(self):\n        return 3.14159 * self.radius ** 2"
    assert [text for text in texts if len(text) > 1] == ["\n        "]


def test_the_lines_are_missing_at_first_but_for_the_indentation() -> None:
    assert PASSAGE.before.content == SOURCE.replace(
        "def area(self):\n        return 3.14159 * self.radius ** 2", ""
    )


def test_mixed_typing_slips_jumps_and_returns_and_visits_the_second_file() -> None:
    keys = [
        stroke
        for seed in range(4)
        for stroke in strokes(PASSAGE, Scenario.MIXED, Text.of(SECOND), seed)
    ]
    kinds = [stroke.kind for stroke in keys]
    assert set(kinds) == set(Kind)
    assert kinds.count(Kind.JUMP) == kinds.count(Kind.RETURN) == 8
    assert {stroke.document for stroke in keys if stroke.kind is Kind.JUMP} == {0, 1}
    for slip, backspace in pairwise(keys):
        if slip.kind is Kind.MISTAKE:
            assert (backspace.start, backspace.end, backspace.text) == (slip.start, slip.cursor, "")
    n_slips = kinds.count(Kind.MISTAKE)
    assert 0.01 < n_slips / kinds.count(Kind.TYPED) < 0.1


def test_a_seed_gives_the_same_strokes_and_another_one_others() -> None:
    first, again, other = (list(strokes(PASSAGE, Scenario.MIXED, None, n)) for n in (7, 7, 8))
    assert first == again != other


@pytest.mark.parametrize(("first", "n_lines"), [(-1, 2), (9, 2), (0, 0), (0, 11)])
def test_lines_that_do_not_exist_are_refused(first: int, n_lines: int) -> None:
    with pytest.raises(ValueError, match="no such lines"):
        Passage(Text.of(SOURCE), first, n_lines)
