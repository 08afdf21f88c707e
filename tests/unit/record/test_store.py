"""The record on the disk."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from sc2_lsp.record.entry import Cause, Entry, Fate
from sc2_lsp.record.journal import Journal
from sc2_lsp.record.store import RecordError, Writer, read


def entry(id_: str, fate: Fate = Fate.REJECTED, at_s: float = 1.0) -> Entry:
    return Entry(id_, at_s, "python", fate, Cause.CACHE, 0.25, 10, 3)


def write(file: Path, *entries: Entry, max_entries: int = 100) -> None:
    with closing(Writer(file, max_entries)) as writer:
        for each in entries:
            writer.put([each])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "state" / "record.db"
    write(file, entry("a", at_s=2.0), entry("b", Fate.ACCEPTED, at_s=1.0))
    assert read(file) == [entry("b", Fate.ACCEPTED, 1.0), entry("a", at_s=2.0)]
    assert read(file, since_s=1.5) == [entry("a", at_s=2.0)]


def test_an_entry_takes_the_place_of_one_with_its_id(tmp_path: Path) -> None:
    file = tmp_path / "record.db"
    write(file, entry("a"), entry("b"))
    write(file, entry("a", Fate.ACCEPTED))
    assert [(e.id, e.fate) for e in read(file)] == [("a", Fate.ACCEPTED), ("b", Fate.REJECTED)]


def test_there_is_a_limit(tmp_path: Path) -> None:
    file = tmp_path / "record.db"
    write(file, *(entry(str(number), at_s=number) for number in range(25)), max_entries=10)
    # It is looked at now and then: never are there twice as many.
    assert [e.id for e in read(file)][-10:] == [str(number) for number in range(15, 25)]
    assert len(read(file)) < 20


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="rights are other ones there")
def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "state" / "record.db"
    write(file, entry("a"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_no_record_is_an_empty_one(tmp_path: Path) -> None:
    assert read(tmp_path / "record.db") == []
    assert list(tmp_path.iterdir()) == []


def test_two_write_at_once(tmp_path: Path) -> None:
    file = tmp_path / "record.db"
    with closing(Writer(file)) as one, closing(Writer(file)) as other:
        for number in range(20):
            one.put([entry(f"a{number}")])
            other.put([entry(f"b{number}")])
    assert len(read(file)) == 40


@pytest.mark.parametrize("how", ["torn", "newer"])
def test_a_file_that_is_no_record(tmp_path: Path, how: str) -> None:
    file = tmp_path / "record.db"
    if how == "torn":
        file.write_bytes(b"no database at all" * 100)
    else:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("pragma user_version = 2")
    before = file.read_bytes()
    for use in (lambda: read(file), lambda: Writer(file)):
        with pytest.raises(RecordError, match=r"cannot be used .*: move it out of the way"):
            use()
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("language_id", b"python"),
        ("given_at_s", "yesterday"),
        ("given_at_s", 1e30),
        ("given_at_s", float("inf")),
        ("given_at_s", -1e30),
        ("fate", "eaten"),
        ("cause", b"\xff"),
        ("latency_s", "fast"),
        ("latency_s", float("inf")),
        ("n_chars", "ten"),
        ("n_kept", 1.5),
        ("n_accepted", b"1"),
    ],
)
def test_an_entry_that_somebody_else_wrote(tmp_path: Path, column: str, value: object) -> None:
    file = tmp_path / "record.db"
    write(file, entry("a"), entry("b"))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"update suggestion set {column} = ? where id = 'b'", (value,))
    with pytest.raises(RecordError, match=rf"cannot be used \(.*{column}.*\): move it out"):
        read(file, since_s=-1e31)


async def test_the_journal_writes_beside_the_loop_and_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "state" / "record.db"
    journal = Journal(file)
    journal.write([])
    await journal.close()
    assert not file.exists()
    journal.write([entry("a")])
    journal.write([entry("a", Fate.ACCEPTED), entry("b")])
    await journal.close()
    assert [e.id for e in read(file)] == ["a", "b"]
    journal.write([entry("c")])
    await journal.close()
    assert [e.id for e in read(file)] == ["a", "b", "c"]


async def test_a_journal_that_cannot_write_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    journal = Journal(tmp_path / "file" / "record.db")
    for id_ in "abc":
        journal.write([entry(id_)])
    await journal.close()
    assert [record.getMessage()[:10] for record in caplog.records] == ["The record"]
