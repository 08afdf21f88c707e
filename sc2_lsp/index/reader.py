"""Answers what is asked of an index: from the editor where it holds a file, else from the database.

Implements the `CodeIndex` port. Reads what was committed by now and never waits for the indexer; a
database that is missing, locked, damaged or of another version knows of nothing.
"""

from __future__ import annotations

import heapq
import logging
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from sc2_lsp.index import bm25, queries
from sc2_lsp.index.memory import By, Memory
from sc2_lsp.index.overlay import Held, Overlay
from sc2_lsp.index.parsed import text_of
from sc2_lsp.index.place import Place
from sc2_lsp.index.schema import NotOurs, open_to_read
from sc2_lsp.symbols import Import, Located, Match
from sc2_lsp.syntax import identifiers

_MOST_NAMES = 128
_MOST_WORDS = 64
_MOST_READ_BYTES = 4_000_000
_REMEMBERED_BYTES = 200_000
_REMEMBERED_TEXTS = 32

_N_COMMON = 4
_N_CANDIDATES = 2

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Reader:
    """Owns a reading connection, opened when it is first needed and again when the file changed.

    `on_damage` is called, on the thread of the caller, when the database is found to be damaged.
    Safe to be used by several threads.
    """

    def __init__(self, place: Place, on_damage: Callable[[], None] = lambda: None) -> None:
        self._place = place
        self._root = str(place.root)
        self._on_damage = on_damage
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._memory: Memory | None = None
        self._identity: tuple[int, int] | None = None
        self._version = 0
        self._n_within = 0
        self._is_current = False
        self.overlay = Overlay()

    def definitions(self, names: Sequence[str], limit: int) -> list[Located]:
        return self._find(names, limit, "name")

    def members(self, containers: Sequence[str], limit: int) -> list[Located]:
        return self._find(containers, limit, "container")

    def outline_of(self, path: str) -> list[Located]:
        if held := self.overlay.held().get(path):
            return list(held.definitions)
        return list(self._ask(lambda memory: memory.outline_of(path), list[Located]()))

    def imports_of(self, path: str) -> list[Import]:
        if held := self.overlay.held().get(path):
            return list(held.imports)
        return list(self._ask(lambda memory: memory.imports_of(path), list[Import]()))

    def paths_ending(self, suffixes: Sequence[str], limit: int) -> list[str]:
        wanted = tuple(_first(suffixes, _MOST_NAMES))
        found = {path for suffix in wanted for path in self.overlay.held() if _ends(path, suffix)}
        found |= self._ask(lambda memory: memory.paths_ending(wanted, limit), frozenset())
        return sorted(found, key=lambda path: (path.count("/"), path))[:limit]

    def search(self, words: Sequence[str], limit: int) -> list[Match]:
        wanted = _first((word for text in words for word in identifiers(text)), _MOST_WORDS)
        held = self.overlay.held()
        nothing: dict[str, list[int]] = {word: [] for word in wanted}
        postings, n_pieces = self._ask(lambda memory: _postings(memory, wanted), (nothing, 0))
        n_pieces += sum(len(file.words) for file in held.values())
        worth = {word: bm25.weight(n_pieces, len(found)) for word, found in postings.items()}
        on_disk = bm25.scores((worth[word], found) for word, found in postings.items())
        best = heapq.nlargest(limit * _N_CANDIDATES, zip(on_disk.values(), on_disk, strict=True))
        matches = self._ask(lambda memory: _matches_on_disk(memory, best, held), list[Match]())
        for path, file in held.items():
            matches.extend(_matches(path, file, worth))
        matches.sort(key=lambda match: (-match.score, match.path, match.start_line))
        del matches[limit:]
        # These files are read next.
        paths = {match.path for match in matches} - held.keys()
        self._ask(lambda memory: memory.files.learn(paths), None)
        return matches

    def read(self, path: str) -> str | None:
        if held := self.overlay.held().get(path):
            return held.content
        file = self._ask(lambda memory: memory.files[path], None)
        return None if file is None else _read(f"{self._root}/{path}", file.size, file.mtime_ns)

    def now(self, path: str) -> str | None:
        text = self.read(path)
        if text is None and self._ask(lambda memory: memory.files[path], None) is not None:
            return _read_anew(f"{self._root}/{path}")
        return text

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is asked within is answered from one state of the database.

        Other threads wait with their questions until it is left.
        """
        with self._lock:
            self._n_within += 1
            try:
                yield
            finally:
                self._n_within -= 1
                if not self._n_within:
                    self._leave()

    def close(self) -> None:
        """Let go of the database; the next question opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._memory = self._identity = None
            self._is_current = False

    def _leave(self) -> None:
        """Let the database go on."""
        self._is_current = False
        if self._connection is not None and self._connection.in_transaction:
            try:
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                _log.debug("the index %s does not end its answer: %s", self._place.database, error)
                self.close()

    def _find(self, names: Sequence[str], limit: int, by: By) -> list[Located]:
        held, paths = self.overlay.shown()
        wanted = _first(names, _MOST_NAMES)
        nothing: dict[str, list[Located]] = {}
        on_disk = self._ask(lambda memory: memory.definitions(wanted, limit, by, paths), nothing)
        found: dict[str, list[Located]] = {name: [] for name in wanted}
        for file in held.values():
            theirs = file.by_name if by == "name" else file.by_container
            for name in theirs.keys() & found.keys():
                found[name] += theirs[name]
        for name, some in on_disk.items():
            found[name] += some
        return [at for some in found.values() for at in some[:limit]]

    def _ask(self, question: Callable[[Memory], _T], otherwise: _T) -> _T:
        """The database's answer, or `otherwise` where there is none to be had."""
        with self._lock:
            try:
                memory = self._opened()
                return otherwise if memory is None else question(memory)
            except sqlite3.OperationalError as error:
                _log.debug("the index %s gives no answer: %s", self._place.database, error)
            except (sqlite3.DatabaseError, NotOurs, ValueError, IndexError) as error:
                _log.warning("the index %s is damaged: %s", self._place.database, error)
                self.close()
                self._on_damage()
            return otherwise

    def _opened(self) -> Memory | None:
        """What is remembered of the database as it is now; None where there is none."""
        if self._is_current:
            return self._memory
        identity = _identity(self._place.database)
        if identity != self._identity:
            self.close()
        if self._connection is None:
            if identity is None:
                return None
            self._connection = open_to_read(self._place.database)
            self._identity = identity
        if self._n_within and not self._connection.in_transaction:
            self._connection.execute("BEGIN")
        version = queries.data_version(self._connection)
        if self._memory is None or (version != self._version and not self._memory.keep_up()):
            self._memory = Memory(self._connection)
        self._version = version
        self._is_current = self._n_within > 0
        return self._memory


def _postings(memory: Memory, words: Sequence[str]) -> tuple[dict[str, list[int]], int]:
    """Where each word stands that is worth searching for, and of how many pieces.

    Common words count only where there are no others.
    """
    wanted = [word for word in words if word not in memory.common]
    memory.postings.learn(wanted)
    rare = {}
    for word in wanted:
        posting = memory.postings[word]
        if posting.is_common:
            memory.common.add(word)
        else:
            rare[word] = posting.pieces
    if not any(rare.values()):
        for word in [word for word in words if word in memory.common][:_N_COMMON]:
            rare[word] = memory.postings[word].pieces
    return rare, memory.n_pieces


def _matches_on_disk(
    memory: Memory, best: Sequence[tuple[float, int]], hidden: Mapping[str, Held]
) -> list[Match]:
    """The pieces by their scores and numbers, each in a file that is not `hidden`."""
    matches = []
    memory.places.learn(number for _, number in best)
    for score, number in best:
        place = memory.places[number]
        path = next((path for path in place.paths if path not in hidden), "") if place else ""
        if place and path:
            n_lines = place.end_line - place.start_line + 1
            worth = bm25.for_length(score, n_lines)
            matches.append(Match(path, place.start_line, place.end_line, worth))
    return matches


def _matches(path: str, file: Held, worth: dict[str, float]) -> Iterable[Match]:
    for number, words in enumerate(file.words):
        score = sum(worth[word] for word in words & worth.keys())
        if score > 0:
            start, end = file.starts[number], file.starts[number + 1]
            yield Match(path, start, end - 1, bm25.for_length(score, end - start))


def _first(values: Iterable[str], most: int) -> list[str]:
    """The different ones of the first values."""
    return list(dict.fromkeys(value for value in values if value))[:most]


def _ends(path: str, end: str) -> bool:
    return path == end or path.endswith(f"/{end}")


def _read(path: str, size: int, mtime_ns: int) -> str | None:
    """The text of a file that is still as it was when it was indexed."""
    if size > _MOST_READ_BYTES:
        return None
    try:
        status = Path(path).stat()
        if (status.st_size, status.st_mtime_ns) != (size, mtime_ns):
            return None
        return (_text if size <= _REMEMBERED_BYTES else _text.__wrapped__)(path, size, mtime_ns)
    except (OSError, ValueError):
        return None


def _read_anew(path: str) -> str | None:
    """The text that a plain file has this moment."""
    try:
        status = Path(path).lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_READ_BYTES:
            return None
        return _text.__wrapped__(path, 0, 0)
    except (OSError, ValueError):
        return None


@lru_cache(_REMEMBERED_TEXTS)
def _text(path: str, _size: int, _mtime_ns: int) -> str:
    """The text of a file; raises OSError."""
    return text_of(Path(path).read_bytes())


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_dev
