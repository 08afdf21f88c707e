"""The tables of an index, and how its database is opened to write and to read.

A file has the content of a blob, found by its digest. A blob's id is the number of its first piece:
it owns as many numbers as it has pieces, and at least one, and no number is used twice. The
full-text tables hold no text, only which numbers a word stands in; to take a number out of them
they have to be told the same words again, so these are kept. A blob that no file has is not there.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

VERSION = 3
"""To be raised with every change of the tables or of what is put in them."""

_APPLICATION_ID = 0x5C2B1D0
# The tokens are made by us: all that is no blank belongs to one, and case does not count.
_TOKENIZER = "ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_{|}~'"
_FULL_TEXT = f"""content='', detail=none, columnsize=0, tokenize="{_TOKENIZER}\""""

_TABLES = (
    # `tail` is the path from its end, so that files are found by how their path ends.
    """CREATE TABLE files (
        tail TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, blob INTEGER,
        reason TEXT) WITHOUT ROWID""",
    "CREATE INDEX files_by_blob ON files (blob) WHERE blob IS NOT NULL",
    # `is_used` says whether a file has this content, `unused_s` since when none has, in seconds of
    # the epoch.
    """CREATE TABLE blobs (
        id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, language TEXT NOT NULL,
        n_pieces INTEGER NOT NULL, is_used INTEGER NOT NULL, unused_s REAL)""",
    # Apart from the blobs, whose rows stay small and quick to go through.
    """CREATE TABLE contents (
        id INTEGER PRIMARY KEY, outline BLOB NOT NULL, starts BLOB NOT NULL,
        names TEXT NOT NULL, words TEXT NOT NULL)""",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # The blobs that other files have than before, the last ones; 0 where there were too many.
    "CREATE TABLE changes (number INTEGER PRIMARY KEY, blob INTEGER NOT NULL)",
    # Numbers begin anew with the tables, and who remembers others has to know.
    "INSERT INTO facts VALUES ('begun', hex(randomblob(16)))",
    f"CREATE VIRTUAL TABLE defined USING fts5 (names, {_FULL_TEXT})",
    f"CREATE VIRTUAL TABLE pieces USING fts5 (words, {_FULL_TEXT})",
    # What is written is merged at rest, all at once, instead of again and again.
    "INSERT INTO defined (defined, rank) VALUES ('automerge', 0)",
    "INSERT INTO pieces (pieces, rank) VALUES ('automerge', 0)",
)
_NAMES = ("files", "blobs", "contents", "facts", "changes", "defined", "pieces")
_N_CACHE_KB = 16_384
_N_READER_CACHE_KB = 8_192
_LOG_LIMIT_BYTES = 16 << 20
_N_LOG_PAGES = 8192  # Of 4 KiB: while much is written, the disk is waited for less often.
_READER_PATIENCE_S = 0.02


class NotOurs(Exception):
    """The database is another program's, or another version's."""


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open the database, making one where there is none; raises NotOurs and sqlite3.Error."""
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA cache_size=-{_N_CACHE_KB}")
        connection.execute(f"PRAGMA journal_size_limit={_LOG_LIMIT_BYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint={_N_LOG_PAGES}")
        if _is_empty(connection):
            create_tables(connection)
        check_version(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a database that exists, from any thread; raises NotOurs and sqlite3.Error."""
    # Whoever reads first after a writer died has to be able to mend what that one left.
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        timeout=_READER_PATIENCE_S,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute(f"PRAGMA cache_size=-{_N_READER_CACHE_KB}")
        check_version(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, all or none, in the place of those that are there."""
    connection.execute("BEGIN IMMEDIATE")
    for name in _NAMES:
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def check_version(connection: sqlite3.Connection) -> None:
    """Raises NotOurs where the database is not one of this version."""
    found = [_number(connection, name) for name in ("application_id", "user_version")]
    if found != [_APPLICATION_ID, VERSION]:
        raise NotOurs(f"application {found[0]:#x}, version {found[1]}")


def is_sound(path: Path) -> bool:
    """Whether all of a database can be read and agrees with itself; takes its time."""
    # A connection of its own, because another one would answer from what it remembers.
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5.0)) as connection:
        try:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            for table in ("defined", "pieces"):
                connection.execute(f"INSERT INTO {table}({table}) VALUES ('integrity-check')")
        except sqlite3.DatabaseError:
            return False
        return bool(answer == "ok")


def _is_empty(connection: sqlite3.Connection) -> bool:
    (n_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return n_tables == 0 and _number(connection, "user_version") == 0


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)
