"""Writes the index of one root. One store at a time, whoever holds the lock of its place.

Everything between two commits shows at once or, if the process dies, not at all. Reads no source
file and knows no time of its own.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection, Iterable, Sequence

import msgspec

from sc2_lsp.index import schema
from sc2_lsp.index.parsed import Contents, Parsed
from sc2_lsp.index.place import Place

KEEP_UNUSED_S = 14 * 86_400.0
"""How long a content is kept that no file has: switching back to a branch then costs nothing."""

_MOST_UNUSED = 20_000
_LEAST_DEAD = 20_000

_log = logging.getLogger(__name__)


class Store:
    """Owns the writing connection to a database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._next_id = int(self._fact("next_id") or 1)

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
        missing: list[str] = []
        for file in files:
            blob = None
            if file.digest is not None:
                blob = self._blob(file.digest, file.contents)
                if blob is None:
                    missing.append(file.path)
                    continue
            elif file.reason is None:
                self.remove([file.path])
                continue
            self._connection.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
                (file.path[::-1], file.size, file.mtime_ns, blob, file.reason),
            )
        return missing

    def remove(self, paths: Sequence[str]) -> None:
        self._begin()
        self._connection.executemany(
            "DELETE FROM files WHERE tail = ?", [(path[::-1],) for path in paths]
        )

    def commit(self) -> None:
        """Make all that was put visible to readers."""
        if self._connection.in_transaction:
            self._note("next_id", str(self._next_id))
            self._connection.execute("COMMIT")

    def finish_scan(self, now_s: float, skipped: dict[str, int]) -> None:
        """Note that the index is complete, and drop contents that no file has had for long.

        `skipped` counts by reason the files that were not even read.
        """
        self._begin()
        execute = self._connection.execute
        execute(
            "UPDATE blobs SET unused_s = NULL WHERE unused_s IS NOT NULL"
            " AND id IN (SELECT blob FROM files WHERE blob IS NOT NULL)"
        )
        execute(
            "UPDATE blobs SET unused_s = ? WHERE unused_s IS NULL"
            " AND id NOT IN (SELECT blob FROM files WHERE blob IS NOT NULL)",
            (now_s,),
        )
        old = execute("SELECT id FROM blobs WHERE unused_s < ?", (now_s - KEEP_UNUSED_S,))
        dropped = [row[0] for row in old.fetchall()]
        over = execute(
            "SELECT id FROM blobs WHERE unused_s IS NOT NULL ORDER BY unused_s DESC"
            " LIMIT -1 OFFSET ?",
            (_MOST_UNUSED,),
        )
        self._drop({*dropped, *(row[0] for row in over.fetchall())})
        self._note("skipped", msgspec.json.encode(skipped).decode())
        self._note("scanned_s", str(now_s))
        self.commit()

    def is_worn(self) -> bool:
        """Whether the full-text tables hold more of the past than of the present."""
        (n_live,) = self._connection.execute("SELECT sum(n_pieces) FROM blobs").fetchone()
        return self._next_id > _LEAST_DEAD + 2 * (n_live or 0)

    def is_sound(self) -> bool:
        """Whether the database is whole; reads all of it."""
        self.commit()
        return schema.is_sound(self._connection)

    def clear(self) -> None:
        """Forget everything."""
        self.commit()
        schema.create_tables(self._connection)
        self._next_id = 1

    def close(self) -> None:
        self._connection.close()

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def _blob(self, digest: bytes, contents: Contents | None) -> int | None:
        """The id of the blob with this digest, made from `contents` where there is none yet."""
        execute = self._connection.execute
        row = execute("SELECT id FROM blobs WHERE digest = ?", (digest,)).fetchone()
        if row is not None:
            return int(row[0])
        if contents is None:
            return None
        blob, words = self._next_id, contents.words
        self._next_id += max(1, len(words))
        execute(
            "INSERT INTO blobs VALUES (?, ?, ?, ?, NULL)",
            (blob, digest, contents.language, len(words)),
        )
        execute("INSERT INTO contents VALUES (?, ?, ?)", (blob, contents.outline, contents.starts))
        execute("INSERT INTO defined (rowid, names) VALUES (?, ?)", (blob, contents.names))
        self._connection.executemany(
            "INSERT INTO pieces (rowid, words) VALUES (?, ?)", enumerate(words, blob)
        )
        return blob

    def _drop(self, blobs: Iterable[int]) -> None:
        rows = [(blob,) for blob in blobs]
        self._connection.executemany("DELETE FROM blobs WHERE id = ?", rows)
        self._connection.executemany("DELETE FROM contents WHERE id = ?", rows)

    def _fact(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _note(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def open_store(place: Place) -> Store:
    """The store of a place; a database that cannot be used is set aside and begun anew.

    Raises sqlite3.OperationalError where none can be kept at all, such as on a full disk.
    """
    try:
        return Store(schema.open_to_write(place.database))
    except sqlite3.OperationalError:
        raise
    except (sqlite3.DatabaseError, schema.NotOurs, ValueError) as error:
        _log.warning("the index %s is rebuilt: %s", place.database, error)
        place.set_aside()
        return Store(schema.open_to_write(place.database))
