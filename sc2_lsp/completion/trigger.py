"""Whether a cursor is worth a suggestion, and where that suggestion has to end."""

from __future__ import annotations

import re
from typing import Literal

from sc2_lsp.domain import Snapshot, StopRule, Trigger
from sc2_lsp.text import indent_width, indentation, is_word_char

Multiline = Literal["auto", "never", "always"]

# Closing marks that editors insert by themselves do not make a cursor 'inside the line'.
_CLOSERS = re.compile(r"[\s)\]}>\"'`;:,]*")
_OPENS_BLOCK = re.compile(r"(?:[:{(\[]|=>|->|\b(?:then|do|else|begin))\s*$")


def is_inside_word(snapshot: Snapshot) -> bool:
    """Whether the cursor stands before the rest of a word, where inserted text would join it."""
    return is_word_char(snapshot.text.content[snapshot.char_offset : snapshot.char_offset + 1])


def stop_rule(
    snapshot: Snapshot, trigger: Trigger, multiline: Multiline, max_lines: int
) -> StopRule:
    """Where the suggestion at the snapshot's cursor ends.

    One line where code follows on the cursor's line. Otherwise `multiline` decides; 'auto' means a
    block on an empty line, behind what opens a block, and wherever the user asked by a key.
    """
    text = snapshot.text
    line = text.line_at(snapshot.char_offset)
    before = text.content[text.line_start(line) : snapshot.char_offset]
    rest = text.content[snapshot.char_offset : text.line_end(line)]
    opens_block = bool(_OPENS_BLOCK.search(before))
    wants_block = multiline == "always" or (
        multiline == "auto" and (opens_block or not before.strip() or trigger is Trigger.INVOKED)
    )
    if max_lines == 1 or not wants_block or not _CLOSERS.fullmatch(rest):
        return StopRule(max_lines=1)

    width = indent_width(indentation(before))
    if opens_block:
        return StopRule(max_lines, indent=width + 1, closer_indent=width)
    return StopRule(max_lines, indent=width)
