"""A `CodeIndex` in memory, built from texts with the project's own parser and SQLite's BM25."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from sc2_lsp.symbols import Definition, Import, Located, Match
from sc2_lsp.syntax import identifiers, language_of, outline

_PIECE_LINES = 30


class MemoryIndex:
    """Knows the files it was given and never changes."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = dict(files)
        self._outlines: dict[str, tuple[Definition, ...]] = {}
        self._imports: dict[str, tuple[Import, ...]] = {}
        self._by_name: dict[str, list[Located]] = {}
        self._members: dict[str, list[Located]] = {}
        self._ends: dict[str, list[str]] = {}
        self._words = sqlite3.connect(":memory:", check_same_thread=False)
        self._words.execute(
            "create virtual table pieces using fts5(words, path unindexed, "
            "first unindexed, last unindexed)"
        )
        for path, content in sorted(self._files.items()):
            self._add(path, content)

    def _add(self, path: str, content: str) -> None:
        language = language_of(path)
        if language is not None:
            known = outline(content, language, references=False)
            self._outlines[path] = known.definitions
            self._imports[path] = known.imports
            for definition in known.definitions:
                located = Located(path, definition)
                self._by_name.setdefault(definition.name, []).append(located)
                container = definition.container.rpartition(".")[2]
                if container:
                    self._members.setdefault(container, []).append(located)
        parts = path.split("/")
        for n in range(len(parts)):
            self._ends.setdefault("/".join(parts[n:]), []).append(path)
        lines = content.split("\n")
        for first in range(0, len(lines), _PIECE_LINES):
            piece = lines[first : first + _PIECE_LINES]
            words = " ".join(identifiers("\n".join(piece)))
            self._words.execute(
                "insert into pieces values (?, ?, ?, ?)",
                (words, path, first, first + len(piece) - 1),
            )

    def at_once(self) -> AbstractContextManager[None]:
        return nullcontext()

    def definitions(self, names: Sequence[str], limit: int) -> list[Located]:
        return [at for name in names for at in self._by_name.get(name, ())[:limit]]

    def members(self, containers: Sequence[str], limit: int) -> list[Located]:
        return [at for name in containers for at in self._members.get(name, ())[:limit]]

    def outline_of(self, path: str) -> list[Located]:
        return [Located(path, definition) for definition in self._outlines.get(path, ())]

    def imports_of(self, path: str) -> list[Import]:
        return list(self._imports.get(path, ()))

    def paths_ending(self, suffixes: Sequence[str], limit: int) -> list[str]:
        return [path for suffix in suffixes for path in self._ends.get(suffix, ())[:limit]]

    def search(self, words: Sequence[str], limit: int) -> list[Match]:
        query = " OR ".join(f'"{word}"' for word in words if word)
        if not query:
            return []
        rows = self._words.execute(
            "select path, first, last, -bm25(pieces) from pieces where pieces match ? "
            "order by rank limit ?",
            (query, limit),
        )
        return [Match(*row) for row in rows]

    def read(self, path: str) -> str | None:
        return self._files.get(path)

    def now(self, path: str) -> str | None:
        return self._files.get(path)
