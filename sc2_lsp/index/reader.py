"""Answers what is asked of an index: from the editor where it holds a file, else from the database.

Implements the `CodeIndex` port. Reads what was committed by now and never waits for the indexer; a
database that is missing, locked, damaged or of another version knows of nothing.
"""

from __future__ import annotations

import heapq
import logging
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeVar

from sc2_lsp.index import bm25, queries
from sc2_lsp.index.overlay import Held, Overlay
from sc2_lsp.index.parsed import (
    NOTHING,
    DefinitionRow,
    container_token,
    definition_of,
    name_token,
    text_of,
    unpack_definitions,
    unpack_imports,
)
from sc2_lsp.index.place import Place
from sc2_lsp.index.rows import rows_named
from sc2_lsp.index.schema import NotOurs, open_to_read
from sc2_lsp.symbols import Import, Located, Match
from sc2_lsp.syntax import identifiers

_MOST_NAMES = 128
_MOST_WORDS = 64
_MOST_READ_BYTES = 4_000_000

# A word that stands in more pieces, and in a larger share of them, tells little and costs much.
_COMMON = 400
_COMMON_SHARE = 0.001
_N_COMMON = 4
_N_CANDIDATES = 2
_REMEMBERED_CONTENTS = 1024
_REMEMBERED_OUTLINES = 128
_REMEMBERED_PIECES = 1024
_REMEMBERED_WORDS = 256
_REMEMBERED_NAMES = 20_000
# A name that very many files define is told from some of them.
_MOST_CONTENTS = 64

_By = Literal["name", "container"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(slots=True)
class _Told:
    """What was read of a name so far, and the contents that may define it as well, the next one
    last."""

    found: list[Located]
    unread: list[int]


class Reader:
    """Owns a reading connection, opened when it is first needed and again when the file changed.

    `on_damage` is called, on the thread of the caller, when the database is found to be damaged.
    Safe to be used by several threads.
    """

    def __init__(self, place: Place, on_damage: Callable[[], None] = lambda: None) -> None:
        self._place = place
        self._on_damage = on_damage
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._version = 0
        self._told: dict[tuple[str, _By], _Told] = {}
        self._common: set[str] = set()
        self._content = lru_cache(_REMEMBERED_CONTENTS)(self._content_of)
        self._definitions = lru_cache(_REMEMBERED_OUTLINES)(self._definitions_of)
        self._place_of_piece = lru_cache(_REMEMBERED_PIECES)(self._place_of)
        # From one keystroke to the next most words around the cursor are the same.
        self._posting = lru_cache(_REMEMBERED_WORDS)(self._posting_of)
        self.overlay = Overlay()

    def definitions(self, names: Sequence[str], limit: int) -> list[Located]:
        return self._find(names, limit, "name")

    def members(self, containers: Sequence[str], limit: int) -> list[Located]:
        return self._find(containers, limit, "container")

    def outline_of(self, path: str) -> list[Located]:
        held = self.overlay.held().get(path)
        rows: Sequence[DefinitionRow] = (
            held.definitions if held else self._ask(lambda db: self._rows_of(db, path), [])
        )
        return [Located(path, definition_of(row)) for row in rows]

    def imports_of(self, path: str) -> list[Import]:
        held = self.overlay.held().get(path)
        if held:
            return list(held.imports)
        return self._ask(lambda db: unpack_imports(self._outline(db, path)), [])

    def paths_ending(self, suffixes: Sequence[str], limit: int) -> list[str]:
        wanted = _first(suffixes, _MOST_NAMES)
        found = {
            path for suffix in wanted for path in self.overlay.held() if _ends(path, suffix, "/")
        }
        found |= self._ask(lambda db: queries.paths_ending(db, wanted, limit), set[str]())
        return sorted(found, key=lambda path: (path.count("/"), path))[:limit]

    def search(self, words: Sequence[str], limit: int) -> list[Match]:
        wanted = _first((word for text in words for word in identifiers(text)), _MOST_WORDS)
        held = self.overlay.held()
        nothing: dict[str, list[int]] = {word: [] for word in wanted}
        postings, n_pieces = self._ask(lambda db: self._postings(db, wanted), (nothing, 0))
        n_pieces += sum(len(file.words) for file in held.values())
        worth = {word: bm25.weight(n_pieces, len(found)) for word, found in postings.items()}
        on_disk = bm25.scores((worth[word], found) for word, found in postings.items())
        best = heapq.nlargest(limit * _N_CANDIDATES, zip(on_disk.values(), on_disk, strict=True))
        matches = self._ask(lambda _: self._matches(best, held), list[Match]())
        for path, file in held.items():
            matches.extend(_matches(path, file, worth))
        return sorted(matches, key=lambda match: (-match.score, match.path, match.start_line))[
            :limit
        ]

    def read(self, path: str) -> str | None:
        held = self.overlay.held().get(path)
        if held:
            return held.content
        status = self._ask(lambda db: queries.size_and_time(db, path), None)
        return None if status is None else _read(self._place.root / path, *status)

    def close(self) -> None:
        """Let go of the database; the next question opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._identity = None
            self._forget()

    def _find(self, names: Sequence[str], limit: int, by: _By) -> list[Located]:
        held = self.overlay.held()
        wanted = _first(names, _MOST_NAMES)
        on_disk = self._ask(
            lambda db: self._on_disk(db, wanted, limit, by, held), dict[str, list[Located]]()
        )
        found: dict[str, list[Located]] = {name: [] for name in wanted}
        for path, file in held.items():
            for row in file.definitions:
                of_name = found.get(row[0] if by == "name" else row[2].rpartition(".")[2])
                if of_name is not None:
                    of_name.append(Located(path, definition_of(row)))
        return [at for name in wanted for at in (found[name] + on_disk.get(name, []))[:limit]]

    def _on_disk(
        self,
        db: sqlite3.Connection,
        names: Sequence[str],
        limit: int,
        by: _By,
        hidden: Collection[str],
    ) -> dict[str, list[Located]]:
        """What the database knows of each name, remembered until it changes."""
        if len(self._told) > _REMEMBERED_NAMES:
            self._told.clear()
        unknown = [name for name in names if (name, by) not in self._told]
        token = name_token if by == "name" else container_token
        contents = queries.contents_by_token(db, [*map(token, unknown)], _MOST_CONTENTS)
        for name, numbers in zip(unknown, contents, strict=True):
            self._told[name, by] = _Told([], numbers[::-1])
        return {name: self._tell(name, limit, by, hidden) for name in names}

    def _tell(self, name: str, limit: int, by: _By, hidden: Collection[str]) -> list[Located]:
        """The first definitions of a name that are not `hidden`; reads no more than it needs to."""
        told = self._told[name, by]
        shown = [at for at in told.found if at.path not in hidden] if hidden else told.found[:]
        while told.unread and len(shown) < limit:
            content = told.unread.pop()
            outline, paths = self._content(content)
            if by == "name":
                rows = rows_named(outline, name)
            else:
                rows = _rows_in(self._definitions(content), name)
            definitions = [*map(definition_of, rows)]
            fresh = [Located(path, one) for path in paths for one in definitions]
            told.found += fresh
            shown += [at for at in fresh if at.path not in hidden]
        return shown[:limit]

    def _postings(
        self, db: sqlite3.Connection, words: Sequence[str]
    ) -> tuple[dict[str, list[int]], int]:
        """Where each word stands that is worth searching for, and of how many pieces.

        Common words count only where there are no others.
        """
        n_pieces = queries.n_pieces(db)
        most = max(_COMMON, int(n_pieces * _COMMON_SHARE))
        found = {word: self._posting(word, most) for word in words if word not in self._common}
        common = {word for word, posting in found.items() if posting.is_common}
        self._common |= common
        rare = {word: posting.pieces for word, posting in found.items() if not posting.is_common}
        if not any(rare.values()):
            for word in [word for word in words if word in self._common][:_N_COMMON]:
                rare[word] = self._posting(word, most).pieces
        return rare, n_pieces

    def _matches(self, best: Iterable[tuple[float, int]], hidden: Collection[str]) -> list[Match]:
        """The pieces by their scores and numbers, each in a file that is not `hidden`."""
        matches = []
        for score, number in best:
            place = self._place_of_piece(number)
            path = next((path for path in place.paths if path not in hidden), "") if place else ""
            if place and path:
                n_lines = place.end_line - place.start_line + 1
                worth = bm25.for_length(score, n_lines)
                matches.append(Match(path, place.start_line, place.end_line, worth))
        return matches

    def _outline(self, db: sqlite3.Connection, path: str) -> bytes:
        blob = queries.blob_of(db, path)
        return NOTHING if blob is None else self._content(blob)[0]

    def _rows_of(self, db: sqlite3.Connection, path: str) -> list[DefinitionRow]:
        blob = queries.blob_of(db, path)
        return [] if blob is None else self._definitions(blob)

    def _definitions_of(self, blob: int) -> list[DefinitionRow]:
        return unpack_definitions(self._content(blob)[0])

    def _content_of(self, blob: int) -> tuple[bytes, list[str]]:
        assert self._connection is not None
        return queries.outline_and_paths(self._connection, blob)

    def _posting_of(self, word: str, most: int) -> queries.Posting:
        assert self._connection is not None
        return queries.posting(self._connection, word, most)

    def _place_of(self, number: int) -> queries.PlaceOfPiece | None:
        assert self._connection is not None
        return queries.place_of_piece(self._connection, number)

    def _ask(self, question: Callable[[sqlite3.Connection], _T], otherwise: _T) -> _T:
        """The database's answer, or `otherwise` where there is none to be had."""
        with self._lock:
            try:
                self._connect()
                if self._connection is None:
                    return otherwise
                return question(self._connection)
            except sqlite3.OperationalError as error:
                _log.debug("the index %s gives no answer: %s", self._place.database, error)
            except (sqlite3.DatabaseError, NotOurs, ValueError, IndexError) as error:
                _log.warning("the index %s is damaged: %s", self._place.database, error)
                self.close()
                self._on_damage()
            return otherwise

    def _connect(self) -> None:
        identity = _identity(self._place.database)
        if identity != self._identity:
            self.close()
        if self._connection is None and identity is not None:
            self._connection = open_to_read(self._place.database)
            self._identity = identity
        if self._connection is not None:
            version = queries.data_version(self._connection)
            if version != self._version:
                self._forget()
                self._version = version

    def _forget(self) -> None:
        """What is remembered holds for one state of the database."""
        self._common.clear()
        self._content.cache_clear()
        self._definitions.cache_clear()
        self._place_of_piece.cache_clear()
        self._posting.cache_clear()
        self._told.clear()


def _rows_in(rows: Iterable[DefinitionRow], container: str) -> list[DefinitionRow]:
    end = f".{container}"
    return [row for row in rows if row[2] == container or row[2].endswith(end)]


def _matches(path: str, file: Held, worth: dict[str, float]) -> Iterable[Match]:
    for number, words in enumerate(file.words):
        score = sum(worth[word] for word in words & worth.keys())
        if score > 0:
            start, end = file.starts[number], file.starts[number + 1]
            yield Match(path, start, end - 1, bm25.for_length(score, end - start))


def _first(values: Iterable[str], most: int) -> list[str]:
    """The different ones of the first values."""
    return list(dict.fromkeys(value for value in values if value))[:most]


def _ends(whole: str, end: str, separator: str = ".") -> bool:
    return whole == end or whole.endswith(separator + end)


def _read(path: Path, size: int, mtime_ns: int) -> str | None:
    """The text of a file that is still as it was when it was indexed."""
    if size > _MOST_READ_BYTES:
        return None
    try:
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) != (size, mtime_ns):
            return None
        return text_of(path.read_bytes())
    except (OSError, ValueError):
        return None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_dev
