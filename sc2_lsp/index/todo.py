"""The files that an indexer has yet to read, and which of them come first. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sc2_lsp.syntax import language_of

BATCH_FILES = 64
BATCH_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to be read. `size` is in bytes."""

    path: str
    size: int
    mtime_ns: int


class Todo:
    """Owns the files to be read: those beside a file in focus first, then code before other text,
    then what changed last."""

    def __init__(self) -> None:
        self._focus: frozenset[str] = frozenset()
        self._next_is_last: list[Wanted] = []

    def __len__(self) -> int:
        return len(self._next_is_last)

    def add(self, files: Iterable[Wanted]) -> None:
        n_before = len(self._next_is_last)
        self._next_is_last.extend(files)
        if len(self._next_is_last) > n_before:
            self._sort()

    def focus(self, paths: Iterable[str]) -> None:
        """Prefer the files in the folders of these paths."""
        self._focus = frozenset(map(_folder, paths))
        self._sort()

    def clear(self) -> None:
        self._next_is_last.clear()

    def take(self) -> list[str]:
        """The paths of the next batch; empty when nothing is left."""
        batch: list[str] = []
        n_bytes = 0
        while self._next_is_last and len(batch) < BATCH_FILES and n_bytes < BATCH_BYTES:
            wanted = self._next_is_last.pop()
            batch.append(wanted.path)
            n_bytes += wanted.size
        return batch

    def _sort(self) -> None:
        self._next_is_last.sort(key=self._rank, reverse=True)

    def _rank(self, wanted: Wanted) -> tuple[bool, bool, int, str]:
        return (
            _folder(wanted.path) not in self._focus,
            language_of(wanted.path) is None,
            -wanted.mtime_ns,
            wanted.path,
        )


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
