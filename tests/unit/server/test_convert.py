from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from sc2_lsp.domain import Snapshot, Suggestion, Trigger
from sc2_lsp.server import convert
from sc2_lsp.text import Encoding, Text
from tests.support.snapshots import snapshot

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
CODECS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
UNIT_BYTES = {"utf-8": 1, "utf-16": 2, "utf-32": 4}

texts = st.text(alphabet="aé€𝕏\n\r\f\u2028\t ", max_size=40)
encodings = st.sampled_from(ENCODINGS)


@given(texts, encodings, st.data())
def test_positions_and_offsets_are_inverse(
    content: str, encoding: Encoding, data: st.DataObject
) -> None:
    text = Text.of(content)
    offset = data.draw(st.integers(0, len(content)))
    position = convert.to_position(text, offset, encoding)
    back = convert.to_char_offset(text, position, encoding)
    inside_break = content[offset - 1 : offset + 1] == "\r\n"
    assert back == (offset - 1 if inside_break else offset)


@given(texts, encodings, st.integers(0, 20), st.integers(0, 200))
def test_every_position_is_clamped_into_its_line(
    content: str, encoding: Encoding, line: int, column: int
) -> None:
    text = Text.of(content)
    offset = convert.to_char_offset(text, types.Position(line, column), encoding)
    if line >= text.n_lines:
        assert offset == len(content)
    else:
        assert text.line_start(line) <= offset <= text.line_end(line)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_columns_count_units_of_the_encoding(encoding: Encoding) -> None:
    before = "x = 'é€𝕏'"
    text = Text.of(f"a\r\n{before} + 1")
    column = len(before.encode(CODECS[encoding])) // UNIT_BYTES[encoding]
    assert convert.to_position(text, 3 + len(before), encoding) == types.Position(1, column)
    assert convert.to_char_offset(text, types.Position(1, column), encoding) == 3 + len(before)


def test_a_reversed_range_is_an_edit_all_the_same() -> None:
    text = Text.of("abcdef")
    backwards = types.Range(types.Position(0, 4), types.Position(0, 2))
    edit = convert.to_edit(text, backwards, "X", "utf-16")
    assert text.splice(edit.start, edit.end, edit.text).content == "abXef"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_lone_surrogate_becomes_a_character_of_the_same_width(encoding: Encoding) -> None:
    cleaned = convert.clean("a\ud800b𝕏")
    assert cleaned == "a\ufffdb𝕏"
    wide = "a\ud800".encode(CODECS[encoding], "surrogatepass")
    assert len(cleaned[:2].encode(CODECS[encoding])) == len(wide)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        ([], "utf-16"),
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-7", "utf-32", "utf-8"], "utf-32"),
        (["utf-7"], "utf-16"),
    ],
)
def test_the_first_known_encoding_is_chosen(offered: list[str] | None, chosen: str) -> None:
    general = types.GeneralClientCapabilities(position_encodings=offered)
    assert convert.choose_encoding(types.ClientCapabilities(general=general)) == chosen
    assert convert.choose_encoding(types.ClientCapabilities()) == "utf-16"


def test_an_item_stands_at_the_cursor() -> None:
    text = Text.of("𝕏 = f(")
    at = Snapshot("file:///a.py", "a.py", "python", text, 6)
    item = convert.to_item(at, Suggestion("1)", 6), "utf-16")
    cursor = types.Position(0, 7)
    assert item == types.InlineCompletionItem("1)", range=types.Range(cursor, cursor))


def test_an_item_behind_a_selected_entry_replaces_its_range() -> None:
    range_ = types.Range(types.Position(0, 2), types.Position(0, 4))
    selected = types.SelectedCompletionInfo(range_, "print")
    item = convert.to_selected_item(selected, Suggestion("(x)", 7))
    assert item == types.InlineCompletionItem("print(x)", range=range_)


@pytest.mark.parametrize(
    ("marked", "suggestion", "replaced", "label", "filter_text"),
    [
        ("x = pri<CURSOR>\n", "nt(x)", "pri", "print(x)", "print(x)"),
        ("s = '𝕏é'; été<CURSOR>)", "s(1", "été", "étés(1", "étés(1"),
        ("\tfor x in <CURSOR>", "xs:\n\t\tprint(x)", "", "xs: …", "xs:"),
        ("def f():<CURSOR>\r\n", "\r\n    return 1", "", "return 1", "return 1"),
    ],
)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_entry_of_a_menu_replaces_the_typed_beginning_of_its_word(
    marked: str,
    suggestion: str,
    replaced: str,
    label: str,
    filter_text: str,
    encoding: Encoding,
) -> None:
    at = snapshot(marked)
    item = convert.to_menu_item(at, Suggestion(suggestion, at.char_offset), encoding)
    assert isinstance(item.text_edit, types.TextEdit)
    edit = convert.to_edit(at.text, item.text_edit.range, item.text_edit.new_text, encoding)
    assert at.text.content[edit.start : edit.end] == replaced
    after = at.text.splice(edit.start, edit.end, edit.text).content
    assert after == marked.replace("<CURSOR>", suggestion)
    assert item.text_edit.range.start.line == item.text_edit.range.end.line
    assert (item.label, item.filter_text) == (label, filter_text)
    assert item.documentation == replaced + suggestion


def test_an_entry_of_a_menu_stands_below_those_of_language_servers() -> None:
    at = snapshot("pri<CURSOR>")
    sort_text = convert.to_menu_item(at, Suggestion("nt", 3), "utf-16").sort_text
    assert sort_text is not None
    # What pyright, rust-analyzer, gopls and clangd give, and names that sort themselves.
    assert all(sort_text > other for other in ("09.9999.zip", "ffffffff", "00012", "zzz", "_x"))


def test_triggers() -> None:
    kinds = types.InlineCompletionTriggerKind
    assert convert.to_trigger(kinds.Invoked) is Trigger.INVOKED
    assert convert.to_trigger(kinds.Automatic) is Trigger.AUTOMATIC
