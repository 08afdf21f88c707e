"""What an index holds, in figures: for people who wonder what is in it, and how old it is."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass

import msgspec

from sc2_lsp.index.place import Place
from sc2_lsp.index.schema import NotOurs, open_to_read


@dataclass(frozen=True, slots=True)
class Summary:
    """`languages` are numbers of files by language, `skipped` numbers of files and folders left out
    by reason, both the greatest first. `n_bytes` is what the indexed files have, `disk_bytes` what
    the index takes. `scanned_s` is when all files were last looked at, in seconds of the epoch;
    None if that was never finished. `problem` says why nothing is known, empty if something is.
    """

    root: str
    database: str
    n_files: int = 0
    n_bytes: int = 0
    n_pieces: int = 0
    disk_bytes: int = 0
    scanned_s: float | None = None
    languages: tuple[tuple[str, int], ...] = ()
    skipped: tuple[tuple[str, int], ...] = ()
    problem: str = ""


def summary_of(place: Place) -> Summary:
    """What is in the index of a place by now; raises nothing."""
    root, database = str(place.root), str(place.database)
    if not place.database.exists():
        return Summary(root, database, problem="There is no index yet.")
    try:
        connection = open_to_read(place.database)
        try:
            return _summary(connection, place)
        finally:
            connection.close()
    except (sqlite3.Error, NotOurs, msgspec.DecodeError) as error:
        problem = f"The index cannot be read: {error}."
        return Summary(root, database, disk_bytes=place.size_bytes(), problem=problem)


def damage_of(place: Place) -> str:
    """What SQLite finds wrong with the database of a place; empty where it is sound.

    Reads all of it, which takes its time. One that somebody just writes counts as sound.
    """
    try:
        connection = open_to_read(place.database)
        try:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        return "" if "locked" in str(error) else f"The index cannot be read: {error}."
    except (sqlite3.Error, NotOurs) as error:
        return f"The index cannot be read: {error}."
    return "" if answer == "ok" else "The index is damaged."


def _summary(db: sqlite3.Connection, place: Place) -> Summary:
    n_files, n_bytes = db.execute(
        "SELECT count(*), coalesce(sum(size), 0) FROM files WHERE blob IS NOT NULL"
    ).fetchone()
    languages = db.execute(
        "SELECT language, count(*) FROM files JOIN blobs ON blobs.id = blob GROUP BY language"
    ).fetchall()
    (n_pieces,) = db.execute(
        "SELECT coalesce(sum(n_pieces), 0) FROM files JOIN blobs ON blobs.id = blob"
    ).fetchone()
    skipped: Counter[str] = Counter()
    skipped.update(
        dict(db.execute("SELECT reason, count(*) FROM files WHERE blob IS NULL GROUP BY reason"))
    )
    facts = dict(db.execute("SELECT name, value FROM facts"))
    skipped.update(msgspec.json.decode(facts.get("skipped", "{}"), type=dict[str, int]))
    return Summary(
        root=str(place.root),
        database=str(place.database),
        n_files=n_files,
        n_bytes=n_bytes,
        n_pieces=n_pieces,
        disk_bytes=place.size_bytes(),
        scanned_s=float(facts["scanned_s"]) if "scanned_s" in facts else None,
        languages=tuple(Counter(dict(languages)).most_common()),
        skipped=tuple(skipped.most_common()),
    )
