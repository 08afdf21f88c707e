"""What the model wrote for a place, so that typing it evaluates nothing.

An entry holds the suggestion that was shown and the text that the model wrote on beyond it. While
somebody types the one, or has accepted it and goes on to the other, no engine is asked.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from sc2_lsp.domain import Snapshot
from sc2_lsp.prompt.anchor import n_closers

_ENTRIES = 32
# Text this far from the cursor is taken to be the same if the text nearer to it is.
_CHARS_BEFORE = 4096
_CHARS_AFTER = 1024


@dataclass(frozen=True, slots=True)
class Known:
    """What is left behind what was typed since.

    `shown` is the rest of the suggestion, empty once all of it was typed. `written` is the rest of
    all that the model wrote; it `is_complete` if the model would write no more.
    """

    shown: str
    written: str
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    uri: str
    char_offset: int
    before: str
    after: str
    shown: str
    written: str
    is_complete: bool


class SuggestionCache:
    """Remembers the last suggestions of all documents; the oldest goes first."""

    def __init__(self) -> None:
        self._entries: deque[_Entry] = deque(maxlen=_ENTRIES)

    def find(self, snapshot: Snapshot) -> Known | None:
        """What is left of a text whose beginning has been typed since; None if nothing is.

        Closing marks that the editor has put behind the cursor meanwhile are allowed for: what is
        left then has to be looked at again before it is shown.
        """
        before, after = _surroundings(snapshot)
        for entry in reversed(self._entries):
            n_typed = snapshot.char_offset - entry.char_offset
            if entry.uri != snapshot.uri or not 0 <= n_typed <= len(entry.written):
                continue
            kept = before[: max(len(before) - n_typed, 0)]
            typed = before[len(kept) :]
            if not entry.before.endswith(kept) or not entry.written[:n_typed].endswith(typed):
                continue
            n_gap = _gap(entry.after, after)
            known = Known(
                shown="" if n_gap else entry.shown[n_typed:],
                written=entry.written[n_typed:],
                is_complete=entry.is_complete,
            )
            if n_gap is not None and (known.written or known.is_complete):
                return known
        return None

    def add(self, snapshot: Snapshot, shown: str, written: str, *, is_complete: bool) -> None:
        """Remember a suggestion for this place, and all that the model wrote.

        What is shown counts, where filters made it other than it was written.
        """
        if not written.startswith(shown):
            written, is_complete = shown, False
        before, after = _surroundings(snapshot)
        self._entries.append(
            _Entry(snapshot.uri, snapshot.char_offset, before, after, shown, written, is_complete)
        )

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


def _gap(then: str, now: str) -> int | None:
    """How many closing marks stand before `then` in `now`; None if it is not there."""
    if now == then:
        return 0
    for n_gap in range(1, n_closers(now) + 1):
        there = now[n_gap:]
        if there == then[: len(there)] and len(then) - len(there) in (0, n_gap):
            return n_gap
    return None
