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


def to_selected_item(
    selected: types.SelectedCompletionInfo, suggestion: Suggestion
) -> types.InlineCompletionItem:
    """The item that inserts the entry selected in the editor's list, and `suggestion` behind it."""
    return types.InlineCompletionItem(
        insert_text=clean(selected.text) + suggestion.text, range=selected.range
    )
