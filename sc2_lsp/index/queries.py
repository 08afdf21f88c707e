"""What readers ask a database. Raises sqlite3.Error where it cannot be read.

Many questions of a kind are one statement: asking costs more than answering.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from sc2_lsp.index.parsed import NOTHING, unpack_starts

_MOST_PATHS_OF_BLOB = 8


@dataclass(frozen=True, slots=True)
class Posting:
    """The pieces that a word stands in, in their order; all of them unless `is_common`."""

    pieces: list[int]
    is_common: bool


@dataclass(frozen=True, slots=True)
class PlaceOfPiece:
    """A piece by its lines, the last one included, and files that have it."""

    paths: list[str]
    start_line: int
    end_line: int


def data_version(db: sqlite3.Connection) -> int:
    """A number that changes when somebody else commits."""
    return int(db.execute("PRAGMA data_version").fetchone()[0])


def contents_by_token(db: sqlite3.Connection, tokens: Sequence[str], most: int) -> list[list[int]]:
    """For each of the tokens up to `most` blobs with definitions that it may stand for."""
    rows = db.execute(
        "SELECT (SELECT group_concat(rowid, ' ') FROM"
        " (SELECT rowid FROM defined WHERE defined MATCH value LIMIT ?)) FROM json_each(?)",
        (most, json.dumps([_quoted(token) for token in tokens])),
    )
    return [[*map(int, row[0].split())] if row[0] else [] for row in rows]


def outline_and_paths(db: sqlite3.Connection, blob: int) -> tuple[bytes, list[str]]:
    """The packed outline of a content, and files that have it, the same ones every time."""
    rows = db.execute(
        "SELECT outline, tail FROM contents JOIN files ON files.blob = contents.id"
        " WHERE contents.id = ? ORDER BY tail LIMIT ?",
        (blob, _MOST_PATHS_OF_BLOB),
    ).fetchall()
    return (rows[0][0], sorted(tail[::-1] for _, tail in rows)) if rows else (NOTHING, [])


def blob_of(db: sqlite3.Connection, path: str) -> int | None:
    row = db.execute("SELECT blob FROM files WHERE tail = ?", (path[::-1],)).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def size_and_time(db: sqlite3.Connection, path: str) -> tuple[int, int] | None:
    """What an indexed file was like when it was read."""
    row = db.execute(
        "SELECT size, mtime_ns FROM files WHERE tail = ? AND blob IS NOT NULL", (path[::-1],)
    ).fetchone()
    return None if row is None else (int(row[0]), int(row[1]))


def paths_ending(db: sqlite3.Connection, suffixes: Sequence[str], limit: int) -> set[str]:
    """Files whose path is one of `suffixes` or ends with a slash and it, so many for each."""
    rows = db.execute(
        "SELECT (SELECT group_concat(tail, char(0)) FROM (SELECT tail FROM files"
        " WHERE blob IS NOT NULL"  # '0' follows '/' in ASCII.
        " AND (tail = value OR (tail >= value || '/' AND tail < value || '0')) LIMIT ?))"
        " FROM json_each(?)",
        (limit, json.dumps([suffix[::-1] for suffix in suffixes])),
    )
    return {tail[::-1] for (tails,) in rows if tails for tail in tails.split("\0")}


def n_pieces(db: sqlite3.Connection) -> int:
    """How many pieces there are, with some that were."""
    row = db.execute("SELECT max(id + n_pieces) FROM blobs WHERE id = (SELECT max(id) FROM blobs)")
    return int(row.fetchone()[0] or 0)


def posting(db: sqlite3.Connection, word: str, most: int) -> Posting:
    (numbers,) = db.execute(
        "SELECT group_concat(rowid, ' ') FROM"
        " (SELECT rowid FROM pieces WHERE pieces MATCH ? LIMIT ?)",
        (_quoted(word), most + 1),
    ).fetchone()
    pieces = [*map(int, numbers.split())] if numbers else []
    return Posting(pieces[:most], len(pieces) > most)


def place_of_piece(db: sqlite3.Connection, number: int) -> PlaceOfPiece | None:
    """Where a piece stands; None where no file has it."""
    rows = db.execute(
        "SELECT id, starts, tail FROM contents JOIN files ON files.blob = contents.id"
        " WHERE contents.id = (SELECT max(id) FROM contents WHERE id <= ?)"
        " ORDER BY tail LIMIT ?",
        (number, _MOST_PATHS_OF_BLOB),
    ).fetchall()
    if not rows:
        return None
    starts, at = unpack_starts(rows[0][1]), number - rows[0][0]
    if at + 1 >= len(starts):
        return None
    paths = sorted(tail[::-1] for _, _, tail in rows)
    return PlaceOfPiece(paths, starts[at], starts[at + 1] - 1)


def _quoted(token: str) -> str:
    """A token as a phrase of the full-text query language."""
    return '"' + token.replace('"', '""') + '"'
