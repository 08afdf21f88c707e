from __future__ import annotations

import time
from pathlib import Path

import pytest

from sc2_lsp.doctor.check import Check, State
from sc2_lsp.doctor.code_index import code_index
from sc2_lsp.index.place import FOLDER_VARIABLE, Place, place_of, prepare
from sc2_lsp.index.schema import open_to_write
from sc2_lsp.settings import Settings
from tests.support.situations import situation


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The place of the index of the folder, with a few hundred files in it."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "index"))
    prepare(tmp_path / "index")
    found = place_of(situation(tmp_path).root)
    connection = open_to_write(found.database)
    connection.executemany(
        "INSERT INTO files VALUES (?, 1, 1, NULL, 'binary')",
        [(f"{number}.bin{'x' * 200}",) for number in range(400)],
    )
    scanned_s = str(time.time() - 3 * 86_400)
    connection.execute("INSERT INTO facts VALUES ('scanned_s', ?)", [scanned_s])
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return found


def looked_at(home: Path, **changes: object) -> Check:
    (check,) = code_index(situation(home, **changes))
    return check


def test_one_that_is_sound(tmp_path: Path, place: Place) -> None:
    check = looked_at(tmp_path)
    assert check.state is State.OK
    assert "looked at 3 days ago" in check.found


def test_one_that_is_damaged(tmp_path: Path, place: Place) -> None:
    data = bytearray(place.database.read_bytes())
    half = len(data) // 2
    data[half:-4096] = b"\x5a" * (len(data) - 4096 - half)
    place.database.write_bytes(data)
    check = looked_at(tmp_path)
    assert check.state is State.FAIL
    assert "--rebuild" in check.advice


def test_one_that_is_no_database(tmp_path: Path, place: Place) -> None:
    place.database.write_text("no database")
    check = looked_at(tmp_path)
    assert check.state is State.FAIL
    assert "cannot be read" in check.found


def test_none_yet(tmp_path: Path, place: Place) -> None:
    place.remove()
    assert looked_at(tmp_path).state is State.OK


def test_one_that_was_never_finished(tmp_path: Path, place: Place) -> None:
    connection = open_to_write(place.database)
    connection.execute("DELETE FROM facts")
    connection.close()
    assert looked_at(tmp_path).state is State.WARN


def test_a_home_has_none(tmp_path: Path) -> None:
    check = looked_at(tmp_path, root=tmp_path)
    assert check.state is State.OK
    assert "is not indexed" in check.found


def test_where_it_is_off(tmp_path: Path, place: Place) -> None:
    place.database.write_text("no database")
    assert looked_at(tmp_path, settings=Settings(index="off")).state is State.OK


def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    (check,) = code_index(situation(tmp_path, root=None))
    assert check.state is State.WARN
    assert "is gone" in check.found
