from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.text import (
    Encoding,
    Text,
    char_to_column,
    column_to_char,
    indent_width,
    indentation,
    is_word_char,
)

# What the three encodings count differently and other line tables break at: one, two, three and
# four bytes, a surrogate pair, a joined emoji, form feed, U+2028, U+0085, every line break of LSP.
_ALPHABET = "ab \t\n\r\f\u2028\u0085é€🐍👩\u200d"
_CODEC: dict[Encoding, tuple[str, int]] = {
    "utf-8": ("utf-8", 1),
    "utf-16": ("utf-16-le", 2),
    "utf-32": ("utf-32-le", 4),
}

contents = st.text(alphabet=_ALPHABET, max_size=40)
lines = st.text(alphabet=_ALPHABET.replace("\n", "").replace("\r", ""), max_size=20)
encodings = st.sampled_from(list(_CODEC))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a", ""]),
        ("a\nb", ["a", "b"]),
        ("a\r\nb\rc\nd", ["a", "b", "c", "d"]),
        ("\r\n", ["", ""]),
        ("\n\r", ["", "", ""]),
        ("a\fb\u2028c\u0085d\ve", ["a\fb\u2028c\u0085d\ve"]),
        ("🐍\r\n🐍", ["🐍", "🐍"]),
    ],
)
def test_lines(content: str, expected: list[str]) -> None:
    text = Text.of(content)
    assert [text.line(number) for number in range(text.n_lines)] == expected


@given(contents)
def test_every_char_is_in_the_line_that_line_at_names(content: str) -> None:
    text = Text.of(content)
    for char_offset in range(len(content) + 1):
        line = text.line_at(char_offset)
        assert text.line_start(line) <= char_offset
        assert line + 1 == text.n_lines or char_offset < text.line_start(line + 1)


@given(contents)
def test_lines_and_their_breaks_are_the_content(content: str) -> None:
    text = Text.of(content)
    starts = [*text.line_starts, len(content)]
    for number in range(text.n_lines):
        whole = content[starts[number] : starts[number + 1]]
        assert whole.removeprefix(text.line(number)) in ("", "\n", "\r", "\r\n")
        assert "\n" not in text.line(number)
        assert "\r" not in text.line(number)


@given(contents, contents, st.data())
def test_splice_is_the_same_as_building_anew(
    content: str, replacement: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    spliced = Text.of(content).splice(start, end, replacement)
    assert spliced == Text.of(content[:start] + replacement + content[end:])


@pytest.mark.parametrize(
    ("content", "start", "end", "replacement"),
    [
        ("a\rb", 2, 2, "\n"),
        ("a\r\nb", 2, 2, "x"),
        ("a\r\nb", 1, 2, ""),
        ("a\r\nb", 2, 3, ""),
        ("a\nb", 1, 1, "\r"),
        ("\r\n", 1, 1, "\n\r"),
        ("", 0, 0, "\r"),
    ],
)
def test_breaks_that_fuse_and_come_apart(
    content: str, start: int, end: int, replacement: str
) -> None:
    spliced = Text.of(content).splice(start, end, replacement)
    assert spliced == Text.of(content[:start] + replacement + content[end:])


@given(lines, encodings)
def test_columns_there_and_back(line: str, encoding: Encoding) -> None:
    codec, unit = _CODEC[encoding]
    for index in range(len(line) + 1):
        column = char_to_column(line, index, encoding)
        assert column == len(line[:index].encode(codec)) // unit
        assert column_to_char(line, column, encoding) == index


@given(lines, encodings, st.integers(-3, 100))
def test_any_column_is_a_char_of_the_line(line: str, encoding: Encoding, column: int) -> None:
    index = column_to_char(line, column, encoding)
    assert 0 <= index <= len(line)
    assert char_to_column(line, index, encoding) <= max(column, 0)


@pytest.mark.parametrize(
    ("line", "column", "encoding", "expected"),
    [
        ("🐍x", 1, "utf-16", 0),
        ("🐍x", 2, "utf-16", 1),
        ("🐍x", 3, "utf-8", 0),
        ("🐍x", 4, "utf-8", 1),
        ("🐍x", 1, "utf-32", 1),
        ("éx", 1, "utf-8", 0),
        ("ab", 9, "utf-16", 2),
        ("ab", -1, "utf-16", 0),
        ("é", -1, "utf-8", 0),
    ],
)
def test_columns(line: str, column: int, encoding: Encoding, expected: int) -> None:
    assert column_to_char(line, column, encoding) == expected


def test_a_lone_surrogate_has_columns() -> None:
    assert char_to_column("\ud83dx", 1, "utf-16") == 1
    assert char_to_column("\ud83dx", 1, "utf-8") == 3


@pytest.mark.parametrize(
    ("line", "blanks", "width"),
    [
        ("", "", 0),
        ("x", "", 0),
        ("  x", "  ", 2),
        ("\tx", "\t", 4),
        ("  \tx", "  \t", 4),
        ("\t  x", "\t  ", 6),
        ("   ", "   ", 3),
        ("\fx", "", 0),
        ("\u3000x", "", 0),
    ],
)
def test_indentation(line: str, blanks: str, width: int) -> None:
    assert indentation(line) == blanks
    assert indent_width(blanks) == width


@pytest.mark.parametrize(
    ("char", "expected"),
    [("a", True), ("_", True), ("0", True), ("é", True), ("", False), ("(", False), ("🐍", False)],
)
def test_word_chars(char: str, expected: bool) -> None:
    assert is_word_char(char) is expected
