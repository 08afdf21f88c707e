"""The files that the editor holds open, as an index sees them: before they are saved.

A text is not parsed while somebody waits: until `refresh` comes round to it, the one that was
parsed before stands, its content with it, so that lines and text always agree.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sc2_lsp.index.parsed import (
    DefinitionRow,
    contents_of,
    unpack_definitions,
    unpack_imports,
    unpack_starts,
)
from sc2_lsp.symbols import Import

MAX_CHARS = 1_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """An open file as it was parsed last.

    `words` are those of each piece, `starts` their first lines and behind them the number of lines.
    """

    content: str
    definitions: Sequence[DefinitionRow]
    imports: Sequence[Import]
    starts: Sequence[int]
    words: Sequence[frozenset[str]]

    @staticmethod
    def of(path: str, content: str) -> Held:
        found = contents_of(path, content.encode("utf-8", "replace"))
        return Held(
            content,
            unpack_definitions(found.outline),
            unpack_imports(found.outline),
            unpack_starts(found.starts),
            [frozenset(words.split()) for words in found.words],
        )


class Overlay:
    """Owns the open files, by their paths. Safe to be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[str, str] = {}
        self._held: dict[str, Held] = {}

    def put(self, path: str, content: str) -> None:
        """Hold a file with this content, which shows after the next `refresh`."""
        with self._lock:
            if len(content) <= MAX_CHARS:
                self._wanted[path] = content
            else:
                self._forget(path)

    def remove(self, path: str) -> None:
        """Let the disk's content count again."""
        with self._lock:
            self._forget(path)

    def refresh(self) -> None:
        """Parse what changed since the last time, but for what differs in one line only."""
        for path, content in self._stale():
            parsed = Held.of(path, content)
            with self._lock:
                if path in self._wanted:
                    self._held[path] = parsed

    def is_stale(self) -> bool:
        """Whether there is something for `refresh` to do."""
        return bool(self._stale())

    def is_held(self, path: str) -> bool:
        with self._lock:
            return path in self._wanted

    def held(self) -> dict[str, Held]:
        """All open files that were parsed."""
        with self._lock:
            return dict(self._held)

    def _stale(self) -> list[tuple[str, str]]:
        with self._lock:
            return [
                (path, content)
                for path, content in self._wanted.items()
                if (held := self._held.get(path)) is None
                or not _differ_little(held.content, content)
            ]

    def _forget(self, path: str) -> None:
        self._wanted.pop(path, None)
        self._held.pop(path, None)


def _differ_little(old: str, new: str) -> bool:
    """Whether the texts are the same but for some chars inside of one line."""
    if old is new or old == new:
        return True
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    start = low
    low, high = 0, min(len(old), len(new)) - start
    while low < high:
        middle = (low + high + 1) // 2
        if old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]:
            low = middle
        else:
            high = middle - 1
    changed = old[start : len(old) - low] + new[start : len(new) - low]
    return "\n" not in changed and "\r" not in changed
