"""The files that the editor holds open, as an index sees them: before they are saved.

A text is not parsed while somebody waits: until `refresh` comes round to it, the one that was
parsed before stands, its content with it, so that lines and text always agree.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sc2_lsp.index.parsed import (
    contents_of,
    unpack_definitions,
    unpack_imports,
    unpack_starts,
)
from sc2_lsp.symbols import Import, Located

MAX_CHARS = 1_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """An open file as it was parsed last.

    `by_name` and `by_container` are its definitions by their own names and by those of what they
    stand in. `words` are those of each piece, `starts` their first lines and behind them the number
    of lines.
    """

    content: str
    definitions: Sequence[Located]
    by_name: Mapping[str, Sequence[Located]]
    by_container: Mapping[str, Sequence[Located]]
    imports: Sequence[Import]
    starts: Sequence[int]
    words: Sequence[frozenset[str]]

    @staticmethod
    def of(path: str, content: str) -> Held:
        found = contents_of(path, content.encode("utf-8", "replace"))
        definitions = [Located(path, one) for one in unpack_definitions(found.outline)]
        by_name: defaultdict[str, list[Located]] = defaultdict(list)
        by_container: defaultdict[str, list[Located]] = defaultdict(list)
        for located in definitions:
            by_name[located.definition.name].append(located)
            by_container[located.definition.container.rpartition(".")[2]].append(located)
        return Held(
            content,
            definitions,
            dict(by_name),
            dict(by_container),
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
        self._shown: tuple[Mapping[str, Held], frozenset[str]] = ({}, frozenset())

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

    def refresh(self, *, to_the_letter: bool = False) -> None:
        """Parse what changed since the last time, but for what differs in one line only.

        With `to_the_letter` that as well.
        """
        for path, content in self._stale(to_the_letter):
            parsed = Held.of(path, content)
            with self._lock:
                if path in self._wanted:
                    self._show({**self._held, path: parsed})

    def is_stale(self, *, to_the_letter: bool = False) -> bool:
        """Whether there is something for `refresh` to do."""
        return bool(self._stale(to_the_letter))

    def is_held(self, path: str) -> bool:
        with self._lock:
            return path in self._wanted

    def held(self) -> Mapping[str, Held]:
        """All open files that were parsed; what is answered does not change any more."""
        return self._shown[0]

    def shown(self) -> tuple[Mapping[str, Held], frozenset[str]]:
        """The same and their paths, which are the same object for as long as no other is held."""
        return self._shown

    def _stale(self, to_the_letter: bool) -> list[tuple[str, str]]:
        with self._lock:
            return [
                (path, content)
                for path, content in self._wanted.items()
                if (held := self._held.get(path)) is None
                or (to_the_letter and held.content != content)
                or not _differ_little(held.content, content)
            ]

    def _forget(self, path: str) -> None:
        self._wanted.pop(path, None)
        if path in self._held:
            self._show({other: held for other, held in self._held.items() if other != path})

    def _show(self, held: dict[str, Held]) -> None:
        self._held = held
        _, paths = self._shown
        # Readers ask without the lock, so both are put in their place at once.
        self._shown = held, paths if held.keys() == paths else frozenset(held)


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
