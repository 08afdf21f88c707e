"""Suggestions that were made, so that typing what was suggested costs nothing."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from sc2_lsp.domain import Snapshot

_ENTRIES = 32
# Text this far from the cursor is taken to be the same if the text nearer to it is.
_CHARS_BEFORE = 4096
_CHARS_AFTER = 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    uri: str
    char_offset: int
    before: str
    after: str
    suggestion: str


class SuggestionCache:
    """Remembers the last suggestions of all documents; the oldest goes first."""

    def __init__(self) -> None:
        self._entries: deque[_Entry] = deque(maxlen=_ENTRIES)

    def find(self, snapshot: Snapshot) -> str | None:
        """What is left of a suggestion whose beginning has been typed since; None if nothing is."""
        before, after = _surroundings(snapshot)
        for entry in reversed(self._entries):
            n_typed = snapshot.char_offset - entry.char_offset
            if entry.uri != snapshot.uri or not 0 <= n_typed < len(entry.suggestion):
                continue
            kept = before[: len(before) - n_typed]
            typed = before[len(kept) :]
            if (
                entry.after == after
                and entry.before.endswith(kept)
                and entry.suggestion.startswith(typed)
            ):
                return entry.suggestion[n_typed:]
        return None

    def add(self, snapshot: Snapshot, suggestion: str) -> None:
        before, after = _surroundings(snapshot)
        entry = _Entry(snapshot.uri, snapshot.char_offset, before, after, suggestion)
        self._entries.append(entry)

    def forget(self, uri: str) -> None:
        """Drop the suggestions of one document."""
        self._entries = deque((e for e in self._entries if e.uri != uri), maxlen=_ENTRIES)

    def clear(self) -> None:
        self._entries.clear()


def _surroundings(snapshot: Snapshot) -> tuple[str, str]:
    content, cursor = snapshot.text.content, snapshot.char_offset
    return (
        content[max(cursor - _CHARS_BEFORE, 0) : cursor],
        content[cursor : cursor + _CHARS_AFTER],
    )
