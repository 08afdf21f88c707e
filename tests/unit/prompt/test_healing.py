from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.prompt.healing import Healed, heal


@pytest.mark.parametrize(
    ("text", "kept", "required"),
    [
        ("x = retr", "x =", " retr"),
        ("x.retr", "x.", "retr"),
        ("foo_ba", "foo_", "ba"),
        ("foo_", "foo", "_"),
        ("x ==", "x", " =="),
        ("f(", "f", "("),
        ("f(x, ", "f(x,", " "),
        ("    ", "   ", " "),
        ("if x:\n        ", "if x:\n       ", " "),
        ("if x:\n\t\t", "if x:\n\t", "\t"),
        ("if x:\n", "if x:", "\n"),
        ("if x:\r\n\r\n", "if x:", "\r\n\r\n"),
        ("x = 12", "x = 12", ""),
        ("größ", "", "größ"),
        ("print('😀", "print", "('😀"),
        ("", "", ""),
        ("a" * 100, "a" * 100, ""),
    ],
)
def test_the_word_that_the_cursor_cuts_is_left_to_the_model(
    text: str, kept: str, required: str
) -> None:
    assert heal(text) == Healed(kept, required)


@given(st.text(alphabet="ab1 _(é😀\n\t", max_size=60))
def test_nothing_is_lost_or_moved(text: str) -> None:
    healed = heal(text)
    assert healed.kept + healed.required == text
    assert len(healed.required) <= 32
