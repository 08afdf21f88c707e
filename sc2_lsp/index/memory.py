"""What a reader remembers of one state of a database, so that it need not be read again.

Half of what is asked for one key was asked for the key before. Everything kept here is bounded in
number; contents, of which few reach 64 KiB, are the largest. Where few files changed, as when one
is saved, only what they have to do with is forgotten. Raises what sqlite3 and unpacking raise.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Generic, Literal, TypeVar

import msgspec

from sc2_lsp.index import queries
from sc2_lsp.index.parsed import (
    NOTHING,
    container_token,
    name_token,
    unpack_definitions,
    unpack_imports,
)
from sc2_lsp.index.rows import rows_named
from sc2_lsp.symbols import Import, Located

By = Literal["name", "container"]
"""Whether a definition is asked for by its own name or by that of what it stands in."""

# A word that stands in more pieces, and in a larger share of them, tells little and costs much.
_COMMON = 400
_COMMON_SHARE = 0.001

_N_CONTENTS = 1024
_N_OUTLINES = 128
_N_PIECES = 2048
_N_WORDS = 512
_N_FILES = 4096
_N_NAMES = 20_000
_N_ENDS = 16
# A name that very many files define is told from some of them.
_MOST_CONTENTS = 64
# After more changes than that all is forgotten.
_MOST_CHANGED = 64
# So many of them are read along with those of other names.
_READ_AHEAD = 4

_K = TypeVar("_K")
_V = TypeVar("_V")


class Known(Generic[_K, _V]):
    """Owns what was read of the keys asked for last, at most so many. Reads many of them at once.

    What there is `nothing` of is remembered as well.
    """

    def __init__(
        self, most: int, read: Callable[[list[_K]], Iterable[tuple[_K, _V]]], nothing: _V
    ) -> None:
        self._most = most
        self._read = read
        self._nothing = nothing
        self._values: dict[_K, _V] = {}

    def learn(self, keys: Iterable[_K]) -> None:
        """Read what is not known of these."""
        values = self._values
        missing = [key for key in dict.fromkeys(keys) if key not in values]
        if missing:
            # Nothing is noted where reading fails.
            found = dict.fromkeys(missing, self._nothing)
            found.update(self._read(missing))
            values.update(found)
            while len(values) > self._most:
                del values[next(iter(values))]

    def forget(self, keys: Iterable[_K]) -> None:
        for key in keys:
            self._values.pop(key, None)

    def clear(self) -> None:
        self._values.clear()

    def forget_where(self, is_outdated: Callable[[_V], bool]) -> None:
        self.forget([key for key, value in self._values.items() if is_outdated(value)])

    def __getitem__(self, key: _K) -> _V:
        values = self._values
        if key not in values:
            self.learn((key,))
        value = values[key] = values.pop(key)
        return value


class _Told(msgspec.Struct):
    """What was read of a name so far, and the contents that may define it as well, the next one
    last. `shown` is what of it is not `hidden`."""

    found: list[Located]
    unread: list[int]
    shown: list[Located]
    hidden: frozenset[str] | None = None


class Memory:
    """Owns what was read by one connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._begun, self._last_change = queries.begun(db), queries.last_change(db)
        self._told: dict[By, dict[str, _Told]] = {"name": {}, "container": {}}
        self._by_token: dict[str, list[tuple[By, str]]] = {}
        self.n_pieces = queries.n_pieces(db)
        self._most = _most_of(self.n_pieces)
        # Words that were found to be common: most of what is read of them is not used.
        self.common: set[str] = set()
        # From one key to the next most names, words and files around the cursor are the same.
        self.postings = Known(
            _N_WORDS,
            lambda some: queries.postings(db, some, self._most),
            queries.Posting([], False),
        )
        self.places = Known[int, queries.PlaceOfPiece | None](
            _N_PIECES, lambda some: queries.places_of_pieces(db, some), None
        )
        self.files = Known[str, queries.FileOnDisk | None](
            _N_FILES, lambda some: queries.files_at(db, some), None
        )
        self._contents = Known[int, tuple[bytes, list[str]]](
            _N_CONTENTS, lambda some: queries.outlines_and_paths(db, some), (NOTHING, [])
        )
        self._members = Known[int, dict[str, list[Located]]](
            _N_OUTLINES, lambda some: [(blob, self._members_of(blob)) for blob in some], {}
        )
        self.paths_ending = lru_cache(_N_ENDS)(self._paths_ending)
        self._imports_in = lru_cache(_N_OUTLINES)(self._imports_of)
        self._outline_in = lru_cache(_N_OUTLINES)(self._outline_of)

    def keep_up(self) -> bool:
        """Forget what the database does not hold any more; false where that is not known."""
        changed = queries.changed_blobs(self._db, self._last_change, _MOST_CHANGED)
        if changed is None or queries.begun(self._db) != self._begun:
            return False
        blobs = set(changed)
        found = queries.names_and_words(self._db, blobs)
        n_pieces = queries.n_pieces(self._db)
        if found is None or _most_of(n_pieces) != self._most:
            return False
        self.n_pieces = n_pieces
        self._last_change += len(changed)
        # A file may have been touched and have the same content.
        self.files.clear()
        if blobs:
            self.paths_ending.cache_clear()
            self._contents.forget(blobs)
            self._members.forget(blobs)
            self.places.forget_where(lambda place: place is None or place.blob in blobs)
        for tokens, words in found:
            for token in tokens:
                for by, name in self._by_token.pop(token, ()):
                    self._told[by].pop(name, None)
            self.postings.forget(words)
            self.common.difference_update(words)
        return True

    def outline_of(self, path: str) -> list[Located]:
        """The definitions of a file; not to be changed."""
        file = self.files[path]
        return [] if file is None else self._outline_in(file.blob, path)

    def imports_of(self, path: str) -> list[Import]:
        """What a file imports; not to be changed."""
        file = self.files[path]
        return [] if file is None else self._imports_in(file.blob)

    def definitions(
        self, names: Sequence[str], limit: int, by: By, hidden: frozenset[str]
    ) -> dict[str, list[Located]]:
        """The first definitions of each name in files that are not `hidden`, by their names.

        The lists are not to be changed.
        """
        told = self._told[by]
        if len(told) > _N_NAMES:
            told.clear()
            self._by_token.clear()
            self._told["container" if by == "name" else "name"].clear()
        unknown = [name for name in names if name not in told]
        if unknown:
            self._find(unknown, min(limit, _READ_AHEAD), by)
        found = {}
        for name in names:
            one = told[name]
            if one.hidden is not hidden:
                one.shown = [at for at in one.found if at.path not in hidden]
                one.hidden = hidden
            if one.unread and len(one.shown) < limit:
                self._read_on(name, one, limit, by)
            if one.shown:
                found[name] = one.shown if len(one.shown) <= limit else one.shown[:limit]
        return found

    def _find(self, names: Sequence[str], n_ahead: int, by: By) -> None:
        """Learn which contents may define names that nothing is known of, and read the first."""
        told = self._told[by]
        token = name_token if by == "name" else container_token
        tokens = [*map(token, names)]
        contents = queries.contents_by_token(self._db, tokens, _MOST_CONTENTS)
        for name, one, numbers in zip(names, tokens, contents, strict=True):
            told[name] = _Told([], numbers[::-1], [])
            self._by_token.setdefault(one, []).append((by, name))
        self._contents.learn(number for numbers in contents for number in numbers[:n_ahead])

    def _read_on(self, name: str, told: _Told, limit: int, by: By) -> None:
        hidden = told.hidden or frozenset()
        while told.unread and len(told.shown) < limit:
            content = told.unread.pop()
            if by == "name":
                outline, paths = self._contents[content]
                rows = rows_named(outline, name)
                fresh = [Located(path, row) for path in paths for row in rows]
            else:
                fresh = self._members[content].get(name.rpartition(".")[2], [])
                if "." in name:
                    fresh = [at for at in fresh if _ends(at.definition.container, name)]
            told.found += fresh
            told.shown += [at for at in fresh if at.path not in hidden]

    def _members_of(self, content: int) -> dict[str, list[Located]]:
        """The definitions of a content by what they stand in, the innermost of it."""
        outline, paths = self._contents[content]
        members: dict[str, list[Located]] = {}
        for path in paths:
            by_container: dict[str, list[Located]] = {}
            for row in unpack_definitions(outline):
                some = by_container.get(row.container)
                if some is None:
                    inner = row.container.rpartition(".")[2]
                    some = by_container[row.container] = members.setdefault(inner, [])
                some.append(Located(path, row))
        return members

    def _outline_of(self, blob: int, path: str) -> list[Located]:
        return [Located(path, row) for row in unpack_definitions(self._contents[blob][0])]

    def _imports_of(self, blob: int) -> list[Import]:
        return unpack_imports(self._contents[blob][0])

    def _paths_ending(self, suffixes: tuple[str, ...], limit: int) -> frozenset[str]:
        return queries.paths_ending(self._db, suffixes, limit)


def _most_of(n_pieces: int) -> int:
    """In how many pieces a word may stand that is not common."""
    return max(_COMMON, int(n_pieces * _COMMON_SHARE))


def _ends(container: str, name: str) -> bool:
    return container == name or container.endswith(f".{name}")
