"""What readers ask a database. Raises sqlite3.Error where it cannot be read.

Many questions of a kind are one statement: asking costs more than answering.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sc2_lsp.index.parsed import unpack_starts

_MOST_PATHS_OF_BLOB = 8


@dataclass(frozen=True, slots=True)
class Posting:
    """The pieces that a word stands in, in their order; all of them unless `is_common`."""

    pieces: list[int]
    is_common: bool


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """An indexed file as it was when it was read, and its content."""

    blob: int
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class PlaceOfPiece:
    """A piece by its blob, files that have it, and its lines, the last one included."""

    blob: int
    paths: list[str]
    start_line: int
    end_line: int


def data_version(db: sqlite3.Connection) -> int:
    """A number that changes when somebody else commits."""
    return int(db.execute("PRAGMA data_version").fetchone()[0])


def begun(db: sqlite3.Connection) -> str:
    """What tells these tables from those that were there before."""
    return str(db.execute("SELECT value FROM facts WHERE name = 'begun'").fetchone()[0])


def last_change(db: sqlite3.Connection) -> int:
    """The number of the last change that is told of."""
    return int(db.execute("SELECT max(number) FROM changes").fetchone()[0] or 0)


def changed_blobs(db: sqlite3.Connection, since: int, most: int) -> list[int] | None:
    """Of each change after the one of that number a blob that other files have than before; None
    where there are more than `most`, or it is not known."""
    rows = db.execute(
        "SELECT number, blob FROM changes WHERE number > ? ORDER BY number LIMIT ?",
        (since, most + 1),
    ).fetchall()
    is_told = [number for number, _ in rows] == [*range(since + 1, since + 1 + len(rows))]
    blobs = [blob for _, blob in rows]
    return blobs if is_told and len(rows) <= most and 0 not in blobs else None


def names_and_words(
    db: sqlite3.Connection, blobs: Iterable[int]
) -> list[tuple[list[str], list[str]]] | None:
    """By which tokens and words each of these blobs is found; None where one is not there."""
    found = []
    for blob in blobs:
        row = db.execute("SELECT names, words FROM contents WHERE id = ?", (blob,)).fetchone()
        if row is None:
            return None
        found.append((row[0].split(), row[1].split()))
    return found


def contents_by_token(db: sqlite3.Connection, tokens: Sequence[str], most: int) -> list[list[int]]:
    """For each of the tokens up to `most` blobs with definitions that it may stand for."""
    rows = db.execute(
        "SELECT (SELECT group_concat(rowid, ' ') FROM"
        " (SELECT rowid FROM defined WHERE defined MATCH value LIMIT ?)) FROM json_each(?)",
        (most, json.dumps([_quoted(token) for token in tokens])),
    )
    return [[*map(int, row[0].split())] if row[0] else [] for row in rows]


def outlines_and_paths(
    db: sqlite3.Connection, blobs: Sequence[int]
) -> list[tuple[int, tuple[bytes, list[str]]]]:
    """By its blob the packed outline of each content that a file has, and files that have it, the
    same ones every time."""
    rows = db.execute(
        "SELECT contents.id, outline, (SELECT group_concat(tail, char(0)) FROM"
        " (SELECT tail FROM files WHERE blob = contents.id ORDER BY tail LIMIT ?))"
        " FROM json_each(?) JOIN contents ON contents.id = value",
        (_MOST_PATHS_OF_BLOB, json.dumps(blobs)),
    )
    return [
        (blob, (outline, sorted(tail[::-1] for tail in tails.split("\0"))))
        for blob, outline, tails in rows
        if tails
    ]


def files_at(db: sqlite3.Connection, paths: Sequence[str]) -> list[tuple[str, FileOnDisk]]:
    """By their paths those files that have a content."""
    rows = db.execute(
        "SELECT tail, blob, size, mtime_ns FROM json_each(?) JOIN files ON tail = value"
        " WHERE blob IS NOT NULL",
        (json.dumps([path[::-1] for path in paths]),),
    )
    return [(tail[::-1], FileOnDisk(*row)) for tail, *row in rows]


def paths_ending(db: sqlite3.Connection, suffixes: Sequence[str], limit: int) -> frozenset[str]:
    """Files whose path is one of `suffixes` or ends with a slash and it, so many for each."""
    rows = db.execute(
        "SELECT (SELECT group_concat(tail, char(0)) FROM (SELECT tail FROM files"
        " WHERE blob IS NOT NULL"  # '0' follows '/' in ASCII.
        " AND (tail = value OR (tail >= value || '/' AND tail < value || '0')) LIMIT ?))"
        " FROM json_each(?)",
        (limit, json.dumps([suffix[::-1] for suffix in suffixes])),
    )
    return frozenset(tail[::-1] for (tails,) in rows if tails for tail in tails.split("\0"))


def n_pieces(db: sqlite3.Connection) -> int:
    """How many pieces there are, with some that were."""
    row = db.execute("SELECT max(id + n_pieces) FROM blobs WHERE id = (SELECT max(id) FROM blobs)")
    return int(row.fetchone()[0] or 0)


def postings(
    db: sqlite3.Connection, words: Sequence[str], most: int
) -> Iterator[tuple[str, Posting]]:
    """Of each word up to `most` pieces; a word is common where it has more."""
    rows = db.execute(
        "SELECT (SELECT group_concat(rowid, ' ') FROM"
        " (SELECT rowid FROM pieces WHERE pieces MATCH value LIMIT ?)) FROM json_each(?)",
        (most + 1, json.dumps([_quoted(word) for word in words])),
    )
    for word, (numbers,) in zip(words, rows, strict=True):
        pieces = [*map(int, numbers.split())] if numbers else []
        yield word, Posting(pieces[:most], len(pieces) > most)


def places_of_pieces(
    db: sqlite3.Connection, numbers: Sequence[int]
) -> Iterator[tuple[int, PlaceOfPiece]]:
    """By its number where each piece stands that a file has."""
    rows = db.execute(
        "SELECT value, contents.id, starts, (SELECT group_concat(tail, char(0)) FROM"
        " (SELECT tail FROM files WHERE blob = contents.id ORDER BY tail LIMIT ?))"
        " FROM json_each(?) JOIN contents"
        " ON contents.id = (SELECT max(one.id) FROM contents AS one WHERE one.id <= value)",
        (_MOST_PATHS_OF_BLOB, json.dumps(numbers)),
    )
    for number, blob, packed, tails in rows:
        starts, at = unpack_starts(packed), number - blob
        if tails and at + 1 < len(starts):
            paths = sorted(tail[::-1] for tail in tails.split("\0"))
            yield number, PlaceOfPiece(blob, paths, starts[at], starts[at + 1] - 1)


def _quoted(token: str) -> str:
    """A token as a phrase of the full-text query language."""
    return '"' + token.replace('"', '""') + '"'
