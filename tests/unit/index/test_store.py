from __future__ import annotations

import sqlite3
from contextlib import closing
from operator import itemgetter
from pathlib import Path

import pytest

from sc2_lsp.index import queries, schema
from sc2_lsp.index.parsed import Parsed, contents_of, digest_of
from sc2_lsp.index.place import Place
from sc2_lsp.index.reader import Reader
from sc2_lsp.index.store import KEEP_UNUSED_S, open_store

NOW_S = 1_000_000_000.0


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, tmp_path / "a.db", tmp_path / "a.lock")


def parsed(path: str, text: str, *, size: int = 1) -> Parsed:
    return Parsed(
        path, size, 1, digest_of(path, text.encode()), None, contents_of(path, text.encode())
    )


def known(path: str, text: str) -> Parsed:
    """As a worker sends it that found the digest in the database."""
    return Parsed(path, 1, 1, digest_of(path, text.encode()))


def functions(place: Place, name: str) -> list[str]:
    reader = Reader(place)
    try:
        return [found.path for found in reader.definitions([name], 10)]
    finally:
        reader.close()


def pieces_with(place: Place, word: str) -> list[str]:
    db = schema.open_to_read(place.database)
    try:
        ((_, found),) = queries.postings(db, [word], 100)
        places = queries.places_of_pieces(db, found.pieces)
        return [place.paths[0] for _, place in sorted(places, key=itemgetter(0))]
    finally:
        db.close()


def test_what_was_put_is_seen_after_the_commit_and_not_before(place: Place) -> None:
    store = open_store(place, "test")
    store.put([parsed("a.py", "def one(): pass\n")])
    assert functions(place, "one") == []
    store.commit()
    assert functions(place, "one") == ["a.py"]


def test_what_was_not_committed_is_gone_when_the_store_is_opened_again(place: Place) -> None:
    store = open_store(place, "test")
    store.put([parsed("a.py", "def one(): pass\n")])
    store.commit()
    store.put([parsed("b.py", "def two(): pass\n")])
    store.close()
    again = open_store(place, "test")
    assert again.known() == {"a.py": (1, 1)}
    again.put([parsed("c.py", "def three(): pass\n")])
    again.commit()
    assert [functions(place, name) for name in ("one", "two", "three")] == [["a.py"], [], ["c.py"]]


def test_one_content_is_kept_once_however_many_files_have_it(place: Place) -> None:
    store = open_store(place, "test")
    text = "def same(): pass\n"
    assert store.put([parsed("a.py", text), known("b.py", text), parsed("c.py", text)]) == []
    store.commit()
    assert functions(place, "same") == ["a.py", "b.py", "c.py"]
    db = sqlite3.connect(place.database)
    assert db.execute("SELECT count(*) FROM blobs").fetchone() == (1,)


def test_a_file_whose_content_is_unknown_after_all_is_asked_for_again(place: Place) -> None:
    assert open_store(place, "test").put([known("a.py", "x = 1\n")]) == ["a.py"]


def test_a_file_that_is_gone_or_left_out_is_found_no_more(place: Place) -> None:
    store = open_store(place, "test")
    store.put([parsed("a.py", "def one(): pass\n"), parsed("b.py", "def two(): pass\n")])
    store.put([Parsed("a.py", 0, 0), Parsed("b.py", 5, 6, reason="binary")])
    store.commit()
    assert functions(place, "one") == functions(place, "two") == []
    assert store.known() == {"b.py": (5, 6)}


def test_files_below_a_folder_are_told_from_those_beside_it(place: Place) -> None:
    store = open_store(place, "test")
    store.put([parsed(path, "x\n") for path in ("a/b.py", "a/c/d.py", "ab.py", "e.py")])
    assert sorted(store.at_or_below(["a"])) == ["a/b.py", "a/c/d.py"]
    assert store.at_or_below(["e.py"]) == ["e.py"]
    assert store.at_or_below(["f"]) == []


def test_an_unused_content_is_kept_for_a_while_and_then_dropped(place: Place) -> None:
    store = open_store(place, "test")
    old, new = "def old_name(): pass\n", "def new_name(): pass\n"
    store.put([parsed("a.py", old)])
    store.put([parsed("a.py", new)])
    store.finish_scan(NOW_S, {})
    assert store.put([known("a.py", old)]) == []  # Back on the branch: nothing to parse.
    store.finish_scan(NOW_S + KEEP_UNUSED_S + 1, {})
    assert store.put([known("a.py", new)]) == []  # Unused only now.
    store.finish_scan(NOW_S + KEEP_UNUSED_S + 2, {})
    store.finish_scan(NOW_S + 2 * KEEP_UNUSED_S + 4, {})
    assert store.put([known("a.py", old)]) == ["a.py"]


def test_older_versions_of_a_file_are_not_found_and_a_version_that_returns_is(
    place: Place,
) -> None:
    store = open_store(place, "test")
    versions = [f"def version_{number}(): return shared_word\n" for number in range(30)]
    for version in versions:
        store.put([parsed("a.py", version)])
    store.commit()
    assert raw_postings(place, "shared_word") == 1
    assert functions(place, "version_29") == ["a.py"]
    assert functions(place, "version_3") == []
    assert store.put([known("a.py", versions[3])]) == []
    store.commit()
    assert functions(place, "version_3") == ["a.py"]
    assert functions(place, "version_29") == []
    assert pieces_with(place, "version_3") == ["a.py"]
    assert raw_postings(place, "shared_word") == 1
    store.remove(["a.py"])
    store.commit()
    assert raw_postings(place, "shared_word") == 0
    assert schema.is_sound(place.database)


def raw_postings(place: Place, word: str) -> int:
    """What has to be gone through to look for a word."""
    with closing(schema.open_to_read(place.database)) as db:
        ((_, found),) = queries.postings(db, [word], 100)
        return len(found.pieces)


def test_the_number_of_a_dropped_piece_finds_nothing(place: Place) -> None:
    store = open_store(place, "test")
    store.put([parsed("a.py", "first_word\n")])
    store.put([parsed("a.py", "second_word\n")])
    store.finish_scan(NOW_S, {})
    store.finish_scan(NOW_S + KEEP_UNUSED_S + 1, {})
    store.put([parsed("b.py", "third_word\n")])
    store.commit()
    assert pieces_with(place, "first_word") == []
    assert pieces_with(place, "second_word") == ["a.py"]
    assert pieces_with(place, "third_word") == ["b.py"]


def test_merging_ends_and_changes_nothing_that_is_found(place: Place) -> None:
    store = open_store(place, "test")
    for number in range(10):
        store.put([parsed(f"{number}.py", f"def name_{number}(): return shared_word\n")])
        store.commit()
    assert store.is_scattered()
    for _ in range(100):
        if not store.merge():
            break
    assert not store.merge()
    assert not store.is_scattered()
    assert [functions(place, f"name_{n}") for n in range(10)] == [[f"{n}.py"] for n in range(10)]
    assert len(pieces_with(place, "shared_word")) == 10
    store.put([Parsed("3.py", 0, 0)])
    store.commit()
    assert len(pieces_with(place, "shared_word")) == 9


def test_a_cleared_store_begins_anew(place: Place) -> None:
    store = open_store(place, "test")
    store.put([parsed("a.py", "first_word\n")])
    store.clear()
    assert store.known() == {}
    store.put([parsed("b.py", "second_word\n")])
    store.commit()
    assert pieces_with(place, "first_word") == []
    assert pieces_with(place, "second_word") == ["b.py"]


@pytest.mark.parametrize("rubbish", [b"rubbish" * 1000, b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_database_is_set_aside(place: Place, rubbish: bytes) -> None:
    place.database.write_bytes(rubbish)
    store = open_store(place, "test")
    assert store.known() == {}
    assert place.broken.read_bytes() == rubbish


def test_a_database_of_another_version_or_program_is_set_aside(place: Place) -> None:
    open_store(place, "test").close()
    db = sqlite3.connect(place.database)
    db.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    db.close()
    open_store(place, "test").close()
    assert place.broken.exists()
    place.database.unlink()
    other = sqlite3.connect(place.database)
    other.execute("CREATE TABLE somebody (elses)")
    other.commit()
    other.close()
    assert open_store(place, "test").known() == {}
    tables = sqlite3.connect(place.broken).execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("somebody",)]


def test_damage_inside_is_found_by_looking_for_it(place: Place) -> None:
    store = open_store(place, "test")
    store.put([parsed(f"{n}.py", f"def f{n}(): return {n}\n" * 50) for n in range(50)])
    store.commit()
    assert schema.is_sound(place.database)
    store.close()
    data = bytearray(place.database.read_bytes())
    data[8192 : len(data) - 4096] = b"\xa5" * (len(data) - 12288)
    place.database.write_bytes(data)
    assert not schema.is_sound(place.database)
    assert open_store(place, "test").known() == {}
    assert place.broken.read_bytes() == data


def test_what_another_version_of_the_code_made_is_forgotten(place: Place) -> None:
    store = open_store(place, "one")
    store.put([parsed("a.py", "x\n")])
    store.commit()
    store.close()
    again = open_store(place, "one")
    assert again.known() != {}
    again.close()
    other = open_store(place, "two")
    assert other.known() == {}
    other.put([parsed("a.py", "x\n")])
    other.clear()
    other.put([parsed("b.py", "x\n")])
    other.close()
    assert open_store(place, "two").known() == {}  # Nothing was committed.


def test_nobody_else_may_read_the_database(place: Place) -> None:
    open_store(place, "test")
    assert place.database.stat().st_mode & 0o077 == 0
