"""Between LSP's types and ours; the only module that knows LSP columns.

Positions outside of a text count as the nearest one inside. Lone surrogates, which no encoding can
carry, become U+FFFD on the way in: in every encoding that takes the same number of units.
"""

from __future__ import annotations

import re

from lsprotocol import types

from sc2_lsp.domain import Snapshot, Suggestion, Trigger
from sc2_lsp.text import Encoding, Text, char_to_column, column_to_char
from sc2_lsp.workspace.documents import Edit

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_WORD_AT_END = re.compile(r"\w+\Z")
# Behind letters and digits, with which the others begin.
_BEHIND_OTHERS = "~~~~"
_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}


def choose_encoding(capabilities: types.ClientCapabilities) -> Encoding:
    """The first encoding that the client offers and we know; UTF-16 without an offer."""
    offered = capabilities.general.position_encodings if capabilities.general else None
    return next((_ENCODINGS[kind] for kind in offered or () if kind in _ENCODINGS), "utf-16")


def clean(content: str) -> str:
    """`content` without lone surrogates."""
    return content if content.isascii() else _LONE_SURROGATE.sub("\ufffd", content)


def to_char_offset(text: Text, position: types.Position, encoding: Encoding) -> int:
    """The char offset of `position`, clamped to its line and to the text."""
    if position.line >= text.n_lines:
        return len(text.content)
    line = text.line(position.line)
    return text.line_start(position.line) + column_to_char(line, position.character, encoding)


def to_position(text: Text, char_offset: int, encoding: Encoding) -> types.Position:
    """The position of `char_offset`; inside a line break it is the end of the line."""
    line_number = text.line_at(char_offset)
    char_index = char_offset - text.line_start(line_number)
    column = char_to_column(text.line(line_number), char_index, encoding)
    return types.Position(line_number, column)


def to_edit(text: Text, range_: types.Range, replacement: str, encoding: Encoding) -> Edit:
    """The edit of `text` that puts `replacement` in place of `range_`."""
    start = to_char_offset(text, range_.start, encoding)
    end = to_char_offset(text, range_.end, encoding)
    return Edit(min(start, end), max(start, end), clean(replacement))


def to_trigger(kind: types.InlineCompletionTriggerKind) -> Trigger:
    invoked = kind == types.InlineCompletionTriggerKind.Invoked
    return Trigger.INVOKED if invoked else Trigger.AUTOMATIC


def to_item(
    snapshot: Snapshot, suggestion: Suggestion, encoding: Encoding
) -> types.InlineCompletionItem:
    """The item that inserts `suggestion` into the document of `snapshot`."""
    shown = to_position(snapshot.text, suggestion.char_offset, encoding)
    position = types.Position(shown.line - snapshot.first_line, shown.character)
    return types.InlineCompletionItem(
        insert_text=suggestion.text, range=types.Range(position, position)
    )


def to_menu_item(
    snapshot: Snapshot, suggestion: Suggestion, encoding: Encoding
) -> types.CompletionItem:
    """The entry of a menu that inserts `suggestion`, below those of language servers.

    It takes the typed beginning of the word in, by which editors decide what to show.
    """
    end = suggestion.char_offset
    line_start = snapshot.text.line_start(snapshot.text.line_at(end))
    word = _WORD_AT_END.search(snapshot.text.content, line_start, end)
    start = word.start() if word else end
    text = snapshot.text.content[start:end] + suggestion.text
    positions = (to_position(snapshot.text, at, encoding) for at in (start, end))
    first, last = (types.Position(at.line - snapshot.first_line, at.character) for at in positions)
    lines = text.strip().splitlines() or [""]
    return types.CompletionItem(
        label=lines[0] + (" …" if len(lines) > 1 else ""),
        kind=types.CompletionItemKind.Text,
        detail="sc2-lsp",
        documentation=text,
        sort_text=_BEHIND_OTHERS,
        filter_text=lines[0],
        insert_text_format=types.InsertTextFormat.PlainText,
        insert_text_mode=types.InsertTextMode.AsIs,
        text_edit=types.TextEdit(types.Range(first, last), text),
    )


def to_selected_item(
    selected: types.SelectedCompletionInfo, suggestion: Suggestion
) -> types.InlineCompletionItem:
    """The item that inserts the entry selected in the editor's list, and `suggestion` behind it."""
    return types.InlineCompletionItem(
        insert_text=clean(selected.text) + suggestion.text, range=selected.range
    )
