"""Writes the index of one root. One store at a time, whoever holds the lock of its place.

Everything between two commits shows at once or, if the process dies, not at all. Reads no source
file and knows no time of its own.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from sc2_lsp.index import schema
from sc2_lsp.index.parsed import Contents, Parsed
from sc2_lsp.index.place import Place

KEEP_UNUSED_S = 14 * 86_400.0
"""How long a content is kept that no file has: switching back to a branch then costs nothing."""

_MOST_UNUSED = 20_000
# What readers remember outlives a commit of so few changes.
_MOST_CHANGES = 200
_KEPT_CHANGES = 1000
_MERGED_PAGES = 150
_MOST_SEGMENTS = 6

_log = logging.getLogger(__name__)


class Store:
    """Owns the writing connection to a database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._next_id = int(self._fact("next_id") or 1)
        self._changed: set[int] = set()

    def known(self) -> dict[str, tuple[int, int]]:
        """The size and time of all files; one that is as it was then need not be read."""
        rows = self._connection.execute("SELECT tail, size, mtime_ns FROM files")
        return {tail[::-1]: (size, mtime_ns) for tail, size, mtime_ns in rows}

    def knows(self, digest: bytes) -> bool:
        """Whether the content with this digest need not be parsed."""
        query = self._connection.execute("SELECT 1 FROM blobs WHERE digest = ?", (digest,))
        return query.fetchone() is not None

    def holds(self, path: str) -> bool:
        query = self._connection.execute("SELECT 1 FROM files WHERE tail = ?", (path[::-1],))
        return query.fetchone() is not None

    def n_files(self) -> int:
        """How many files there are, those left out for their content included."""
        return int(self._connection.execute("SELECT count(*) FROM files").fetchone()[0])

    def at_or_below(self, paths: Collection[str]) -> list[str]:
        """The files in the index that have one of these paths, or lie below it."""
        whole = [path for path in paths if self.holds(path)]
        folders = tuple(f"{path}/" for path in paths if path not in whole)
        if not folders:
            return whole
        rows = self._connection.execute("SELECT tail FROM files")
        return [*whole, *(path for (tail,) in rows if (path := tail[::-1]).startswith(folders))]

    def put(self, files: Iterable[Parsed]) -> list[str]:
        """Note what files are like now; those without digest and reason are gone.

        Answers the paths of files that came without contents although these are not known.
        """
        self._begin()
        files = list(files)
        known = self._known_blobs([file.digest for file in files if file.digest is not None])
        held = self._blobs_of([file.path for file in files])
        fresh: list[tuple[int, bytes, Contents]] = []
        rows: dict[str, tuple[Any, ...] | None] = {}
        left: set[int] = set()
        missing: list[str] = []
        for file in files:
            blob = None
            if file.digest is not None:
                blob = known.get(file.digest)
                if blob is None and file.contents is not None:
                    blob = known[file.digest] = self._next_id
                    self._next_id += max(1, len(file.contents.words))
                    fresh.append((blob, file.digest, file.contents))
                if blob is None:
                    missing.append(file.path)
                    continue
            is_there = file.digest is not None or file.reason is not None
            row = (file.path[::-1], file.size, file.mtime_ns, blob, file.reason)
            rows[file.path] = row if is_there else None
            before, held[file.path] = held.get(file.path), blob
            if before != blob:
                self._changed.update(one for one in (before, blob) if one is not None)
                left.update(() if before is None else (before,))
        self._add(fresh)
        self._connection.executemany(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", filter(None, rows.values())
        )
        self._connection.executemany(
            "DELETE FROM files WHERE tail = ?",
            [(path[::-1],) for path, row in rows.items() if row is None],
        )
        for blob in sorted(left):
            self._retire(blob)
        return missing

    def remove(self, paths: Iterable[str]) -> None:
        """Forget these files."""
        self._begin()
        for path in paths:
            before = self._blob_of(path)
            self._connection.execute("DELETE FROM files WHERE tail = ?", (path[::-1],))
            if before is not None:
                self._changed.add(before)
                self._retire(before)

    def commit(self) -> None:
        """Make all that was put visible to readers."""
        if self._connection.in_transaction:
            self._note("next_id", str(self._next_id))
            self._note_changes()
            self._connection.execute("COMMIT")
            self._changed.clear()

    def finish_scan(self, now_s: float, skipped: dict[str, int]) -> None:
        """Note that the index is complete, and drop contents that no file has had for long.

        `skipped` counts by reason the files that were not even read.
        """
        self._begin()
        execute = self._connection.execute
        execute("UPDATE blobs SET unused_s = ? WHERE NOT is_used AND unused_s IS NULL", (now_s,))
        old = execute("SELECT id FROM blobs WHERE unused_s < ?", (now_s - KEEP_UNUSED_S,))
        dropped = old.fetchall()
        dropped += execute(
            "SELECT id FROM blobs WHERE NOT is_used ORDER BY unused_s DESC LIMIT -1 OFFSET ?",
            (_MOST_UNUSED,),
        ).fetchall()
        for table in ("blobs", "contents"):
            self._connection.executemany(f"DELETE FROM {table} WHERE id = ?", dropped)
        self._note("skipped", msgspec.json.encode(skipped).decode())
        self._note("scanned_s", str(now_s))
        self.commit()

    def is_scattered(self) -> bool:
        """Whether it takes many look-ups to find a word."""
        query = self._connection.execute("SELECT count(DISTINCT segid) FROM pieces_idx")
        return int(query.fetchone()[0]) > _MOST_SEGMENTS

    def merge(self) -> bool:
        """Make the full-text tables a little quicker to ask; false if there is nothing to gain."""
        self.commit()
        before = self._connection.total_changes
        for table in ("defined", "pieces"):
            self._connection.execute(
                f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (-_MERGED_PAGES,)
            )
        # As SQLite's manual has it: less than two changes for each table mean no work was done.
        return self._connection.total_changes - before >= 4

    def clear(self) -> None:
        """Forget everything."""
        self.commit()
        made_by = self._fact("made_by")
        schema.create_tables(self._connection)
        self._next_id = 1
        self._changed.clear()
        if made_by is not None:
            self._begin()
            self._note("made_by", made_by)
            self.commit()

    def belong_to(self, made_by: str) -> None:
        """Forget everything unless it was made by the same."""
        if self._fact("made_by") != made_by:
            self.clear()
            self._begin()
            self._note("made_by", made_by)
            self.commit()

    def close(self) -> None:
        self._connection.close()

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def _blob_of(self, path: str) -> int | None:
        query = self._connection.execute("SELECT blob FROM files WHERE tail = ?", (path[::-1],))
        row = query.fetchone()
        return None if row is None else row[0]

    def _blobs_of(self, paths: list[str]) -> dict[str, int | None]:
        """The blobs of those of these files that have one."""
        rows = self._connection.execute(
            "SELECT tail, blob FROM json_each(?) JOIN files ON tail = value WHERE blob IS NOT NULL",
            (json.dumps([path[::-1] for path in paths]),),
        )
        return {tail[::-1]: blob for tail, blob in rows}

    def _known_blobs(self, digests: list[bytes]) -> dict[bytes, int]:
        """The blobs that there are with these digests; a file has each of them again."""
        known: dict[bytes, int] = {}
        for digest in digests:
            query = self._connection.execute(
                "SELECT id, is_used FROM blobs WHERE digest = ?", (digest,)
            )
            if (row := query.fetchone()) is not None:
                known[digest] = row[0]
                if not row[1]:
                    self._revive(row[0])
        return known

    def _add(self, fresh: list[tuple[int, bytes, Contents]]) -> None:
        """Put in new blobs, by their ids and digests."""
        many = self._connection.executemany
        many(
            "INSERT INTO blobs VALUES (?, ?, ?, ?, 1, NULL)",
            [(blob, digest, one.language, len(one.words)) for blob, digest, one in fresh],
        )
        many(
            "INSERT INTO contents VALUES (?, ?, ?, ?, ?)",
            [
                (blob, one.outline, one.starts, one.names, "\n".join(one.words))
                for blob, _, one in fresh
            ],
        )
        many(
            "INSERT INTO defined (rowid, names) VALUES (?, ?)",
            [(blob, one.names) for blob, _, one in fresh],
        )
        many(
            "INSERT INTO pieces (rowid, words) VALUES (?, ?)",
            [numbered for blob, _, one in fresh for numbered in enumerate(one.words, blob)],
        )

    def _let_find(self, blob: int, names: str, words: Iterable[str]) -> None:
        self._connection.execute("INSERT INTO defined (rowid, names) VALUES (?, ?)", (blob, names))
        self._connection.executemany(
            "INSERT INTO pieces (rowid, words) VALUES (?, ?)", enumerate(words, blob)
        )

    def _revive(self, blob: int) -> None:
        """A file has this content again."""
        self._let_find(blob, *self._words_of(blob))
        self._connection.execute(
            "UPDATE blobs SET is_used = 1, unused_s = NULL WHERE id = ?", (blob,)
        )

    def _retire(self, blob: int) -> None:
        """A file has this content no more; if none has, it is not to be found, but kept."""
        execute = self._connection.execute
        if execute("SELECT 1 FROM files WHERE blob = ? LIMIT 1", (blob,)).fetchone():
            return
        names, words = self._words_of(blob)
        execute(
            "INSERT INTO defined (defined, rowid, names) VALUES ('delete', ?, ?)", (blob, names)
        )
        self._connection.executemany(
            "INSERT INTO pieces (pieces, rowid, words) VALUES ('delete', ?, ?)",
            enumerate(words, blob),
        )
        execute("UPDATE blobs SET is_used = 0, unused_s = NULL WHERE id = ?", (blob,))

    def _words_of(self, blob: int) -> tuple[str, list[str]]:
        query = self._connection.execute("SELECT names, words FROM contents WHERE id = ?", (blob,))
        names, words = query.fetchone()
        return names, words.split("\n")

    def _note_changes(self) -> None:
        """Tell readers which blobs are in other files than before."""
        if not self._changed:
            return
        blobs = sorted(self._changed) if len(self._changed) <= _MOST_CHANGES else [0]
        self._connection.executemany(
            "INSERT INTO changes (blob) VALUES (?)", [(blob,) for blob in blobs]
        )
        self._connection.execute(
            "DELETE FROM changes WHERE number <= (SELECT max(number) FROM changes) - ?",
            (_KEPT_CHANGES,),
        )

    def _fact(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _note(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def open_store(place: Place, made_by: str) -> Store:
    """The store of a place; a database that cannot be used is set aside and begun anew.

    What was put in it by something else than `made_by` is forgotten. Raises
    sqlite3.OperationalError where none can be kept at all, such as on a full disk.
    """
    try:
        return _open(place, made_by)
    except sqlite3.OperationalError:
        raise
    except (sqlite3.DatabaseError, schema.NotOurs, ValueError) as error:
        _log.warning("the index %s is rebuilt: %s", place.database, error)
        place.set_aside()
        return _open(place, made_by)


def _open(place: Place, made_by: str) -> Store:
    connection = schema.open_to_write(place.database)
    try:
        store = Store(connection)
        store.belong_to(made_by)
    except BaseException:
        connection.close()
        raise
    return store
