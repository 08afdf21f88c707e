from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.prompt.anchor import Anchor, place_above, suffix_start, typed_since
from sc2_lsp.text import Text
from tests.support.snapshots import snapshot

ASKED = """\
import os


def load(path):
    with open(path) as file:
        text = file.read()
    <CURSOR>


def save(path):
    pass
"""


def drop(marked: str) -> Anchor:
    """The anchor at the marked cursor, with all of the document in sight."""
    at = snapshot(marked)
    place = place_above(at.text, at.char_offset)
    begin = suffix_start(at.text, at.char_offset)
    content = at.text.content
    return Anchor((), 0, content[:place], content[begin:], suffix_is_whole=True)


def typed(anchor: Anchor, marked: str) -> str | None:
    at = snapshot(marked)
    return typed_since(anchor, at.text, at.char_offset)


LINES_ABOVE = "\n    with open(path) as file:\n        text = file.read()"


def test_an_anchor_lies_behind_the_code_of_the_line_that_begins_the_paragraph() -> None:
    assert drop(ASKED).prefix == "import os\n\n\ndef load(path):"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (ASKED, LINES_ABOVE + "\n    "),
        (ASKED.replace("<CURSOR>", "return te<CURSOR>"), LINES_ABOVE + "\n    return te"),
        (ASKED.replace(".read()\n    <CURSOR>", "<CURSOR>"), LINES_ABOVE[: -len(".read()")]),
        # What an editor puts behind the cursor by itself.
        (ASKED.replace("<CURSOR>", "print(<CURSOR>)"), LINES_ABOVE + "\n    print("),
        (ASKED.replace("<CURSOR>", "x = {\n<CURSOR>\n    }"), LINES_ABOVE + "\n    x = {\n"),
        # Code behind the cursor is another matter, and so are other prefixes and suffixes.
        (ASKED.replace("<CURSOR>", "print(<CURSOR>text)"), None),
        (ASKED.replace("    pass", "    return 1"), None),
        (ASKED.replace("def load(path)", "def load(name)"), None),
        (ASKED.replace("    pass\n", "    pass\n\n\nmore = 1\n"), None),
        (ASKED.replace("<CURSOR>", "").replace("def load(", "def <CURSOR>load("), None),
    ],
)
def test_what_was_typed_since(now: str, expected: str | None) -> None:
    assert typed(drop(ASKED), now) == expected


def test_lines_inserted_above_the_window_move_the_anchor_along() -> None:
    whole = drop(ASKED)
    n_hidden = len("import os\n")
    anchor = Anchor((), n_hidden, whole.prefix[n_hidden:], whole.suffix, suffix_is_whole=True)
    assert typed(anchor, "import sys\n" + ASKED) == LINES_ABOVE + "\n    "
    assert typed(whole, "import sys\n" + ASKED) is None, "it began with the document"


def test_closing_marks_that_end_the_line_are_not_shown() -> None:
    at = snapshot("x = f(a<CURSOR>)\ny = 2\n")
    assert at.text.content[suffix_start(at.text, at.char_offset) :] == "\ny = 2\n"
    at = snapshot("x = f(a<CURSOR>, b)\ny = 2\n")
    assert at.text.content[suffix_start(at.text, at.char_offset) :] == ", b)\ny = 2\n"


def test_an_anchor_at_the_end_of_a_document_does_not_hold_when_text_follows() -> None:
    anchor = drop("def f():\n    <CURSOR>")
    assert typed(anchor, "def f():\n    re<CURSOR>") is not None
    assert typed(anchor, "def f():\n    re<CURSOR>\nmore = 1\n") is None


@given(st.text(alphabet="ab \n\t)😀", max_size=300), st.data())
def test_a_fresh_anchor_holds_where_it_was_dropped(content: str, data: st.DataObject) -> None:
    text = Text.of(content)
    cursor = data.draw(st.integers(0, len(content)))
    place = place_above(text, cursor)
    begin = suffix_start(text, cursor)
    assert 0 <= place <= cursor <= begin
    anchor = Anchor((), 0, content[:place], content[begin:], suffix_is_whole=True)
    assert typed_since(anchor, text, cursor) == content[place:cursor]


def test_a_very_long_line_is_anchored_inside() -> None:
    text = Text.of("x" * 5000)
    assert 4500 < place_above(text, 5000) < 5000
    text = Text.of("word " * 1000)
    assert text.content[place_above(text, 5000)] == " "
