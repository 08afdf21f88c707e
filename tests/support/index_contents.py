"""All that an index holds, in a form that does not depend on how it came about."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing

from sc2_lsp.index.place import Place
from sc2_lsp.index.schema import is_sound


def contents_of_index(place: Place) -> dict[str, object]:
    """Files with what is known of them, and the words of their pieces and definitions."""
    assert is_sound(place.database)
    with closing(sqlite3.connect(place.database)) as db:
        files = {
            tail[::-1]: (size, mtime_ns, reason, digest, language, outline, starts)
            for tail, size, mtime_ns, reason, digest, language, outline, starts in db.execute(
                "SELECT tail, size, mtime_ns, reason, digest, language, outline, starts FROM files"
                " LEFT JOIN blobs ON blobs.id = blob LEFT JOIN contents ON contents.id = blob"
            )
        }
        owners: dict[int, tuple[bytes, int]] = {}
        for blob, digest, n_pieces in db.execute(
            "SELECT id, digest, n_pieces FROM blobs WHERE is_used"
        ):
            for number in range(max(1, n_pieces)):
                owners[blob + number] = (digest, number)
        return {
            "files": files,
            "words": _words(db, "pieces", owners),
            "names": _words(db, "defined", owners),
        }


def _words(
    db: sqlite3.Connection, table: str, owners: dict[int, tuple[bytes, int]]
) -> dict[tuple[bytes, int], set[str]]:
    db.execute(f"CREATE VIRTUAL TABLE temp.{table}_words USING fts5vocab(main, {table}, instance)")
    found: defaultdict[tuple[bytes, int], set[str]] = defaultdict(set)
    for term, number in db.execute(f"SELECT term, doc FROM temp.{table}_words"):
        found[owners[number]].add(term)
    return dict(found)
