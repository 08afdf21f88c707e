"""Where the record is kept: one SQLite file in the user's state folder, for this user alone.

Several servers may write it at once. The oldest entries go when there are more than `MAX_ENTRIES`,
which take about ten megabytes.
"""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import platformdirs

from sc2_lsp.record.entry import Cause, Entry, Fate

FOLDER_VARIABLE = "SC2_LSP_RECORD_DIR"
"""The environment variable that names another folder than the user's state."""

MAX_ENTRIES = 100_000

_VERSION = 1
_BUSY_S = 2.0
_LATEST_S = 2.0**37  # of Unix time: in the year 6325, which every calendar knows
_TRIM_EVERY = 1000
_SCHEMA = """
create table if not exists suggestion (
    id text not null unique,
    given_at_s real not null,
    language_id text not null,
    fate text not null,
    cause text not null,
    latency_s real not null,
    n_chars integer not null,
    n_kept integer not null,
    n_accepted integer not null
)
"""
_PUT = "insert into suggestion values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set "
_PUT += "fate = excluded.fate, n_chars = excluded.n_chars, n_kept = excluded.n_kept, "
_PUT += "n_accepted = excluded.n_accepted"


class RecordError(Exception):
    """The record cannot be read or written; the message is one sentence for the user."""


def default_file() -> Path:
    """Where the record is unless somebody asks for another place."""
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named) if named else platformdirs.user_state_path("sc2-lsp", appauthor=False)
    return folder / "record.db"


class Writer:
    """Owns a connection to the record; belongs to the thread that made it. Raises RecordError."""

    def __init__(self, file: Path, max_entries: int = MAX_ENTRIES) -> None:
        self._file = file
        self._max_entries = max_entries
        self._n_until_trim = 0
        try:
            _prepare(file)
            self._connection = _connect(file)
        except (OSError, sqlite3.Error) as error:
            raise _unusable(file, error) from error

    def put(self, entries: Iterable[Entry]) -> None:
        """Keep `entries`, each in place of one with the same id."""
        rows = [_row(entry) for entry in entries]
        self._n_until_trim -= len(rows)
        try:
            with self._connection:
                self._connection.executemany(_PUT, rows)
                if self._n_until_trim <= 0:
                    self._n_until_trim = min(_TRIM_EVERY, self._max_entries)
                    self._trim()
        except sqlite3.Error as error:
            raise _unusable(self._file, error) from error

    def close(self) -> None:
        self._connection.close()

    def _trim(self) -> None:
        self._connection.execute(
            "delete from suggestion where rowid <= (select max(rowid) from suggestion) - ?",
            (self._max_entries,),
        )


def read(file: Path, since_s: float = 0.0) -> list[Entry]:
    """What was given since this Unix time, in the order of time; nothing without a record.

    Raises RecordError.
    """
    if not file.exists():
        return []
    query = "select * from suggestion where given_at_s >= ? order by given_at_s, rowid"
    try:
        with closing(_connect(file)) as connection:
            return [_entry(row) for row in connection.execute(query, (since_s,))]
    except (OSError, sqlite3.Error, ValueError) as error:
        raise _unusable(file, error) from error


def _prepare(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_BUSY_S)
    try:
        (version,) = connection.execute("pragma user_version").fetchone()
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError("another version of sc2-lsp wrote it")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        if version == 0:
            with connection:
                connection.execute(_SCHEMA)
                connection.execute(f"pragma user_version = {_VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def _unusable(file: Path, error: Exception) -> RecordError:
    return RecordError(f"The record {file} cannot be used ({error}): move it out of the way.")


def _row(entry: Entry) -> tuple[str, float, str, str, str, float, int, int, int]:
    return (
        entry.id,
        entry.given_at_s,
        entry.language_id,
        entry.fate.value,
        entry.cause.value,
        entry.latency_s,
        entry.n_chars,
        entry.n_kept,
        entry.n_accepted,
    )


def _entry(row: Sequence[Any]) -> Entry:
    """Raises ValueError where a column holds what no `Writer` puts there.

    SQLite keeps a value of another type as it is.
    """
    for (column, is_right), value in zip(_COLUMNS.items(), row, strict=True):
        if not is_right(value):
            raise ValueError(f"{column} of an entry is of the wrong kind")
    id_, given_at_s, language_id, fate, cause, latency_s, n_chars, n_kept, n_accepted = row
    return Entry(
        id_,
        given_at_s,
        language_id,
        Fate(fate),
        Cause(cause),
        latency_s,
        n_chars,
        n_kept,
        n_accepted,
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return isinstance(value, int)


def _is_duration(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_time(value: object) -> bool:
    return isinstance(value, float) and 0 <= value < _LATEST_S


_COLUMNS: dict[str, Callable[[object], bool]] = {
    "id": _is_text,
    "given_at_s": _is_time,
    "language_id": _is_text,
    "fate": {fate.value for fate in Fate}.__contains__,
    "cause": {cause.value for cause in Cause}.__contains__,
    "latency_s": _is_duration,
    "n_chars": _is_count,
    "n_kept": _is_count,
    "n_accepted": _is_count,
}
"""The columns in their order, and what is right in each."""
