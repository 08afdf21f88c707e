from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sc2_lsp.index.place import (
    FOLDER_VARIABLE,
    KEEP_UNUSED_S,
    Lock,
    Place,
    place_of,
    prepare,
    sweep,
)

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")


def test_a_root_has_one_place_by_whatever_path_it_is_reached(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    link = tmp_path / "link"
    link.symlink_to(root)
    assert place_of(root, tmp_path) == place_of(link, tmp_path)
    assert place_of(f"{root}/", tmp_path) == place_of(root, tmp_path)
    assert place_of(tmp_path, tmp_path) != place_of(root, tmp_path)


def test_the_environment_may_name_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "there"))
    assert place_of("/").database.parent == tmp_path / "there"


@posix_only
def test_the_folder_is_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    prepare(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    prepare(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_one_at_a_time_has_the_lock(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "l"), Lock(tmp_path / "l")
    assert first.try_take()
    assert not second.try_take()
    first.release()
    assert second.try_take()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sc2_lsp.index.place import Lock\n"
        "lock = Lock(Path(sys.argv[1])); print(lock.try_take(), flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "l")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        lock = Lock(tmp_path / "l")
        assert not lock.try_take()
        holder.kill()
        holder.wait()
        assert lock.try_take()


def make(folder: Path, name: str, used_s: float, n_bytes: int = 1) -> Place:
    stem = name * 32
    place = Place(Path(), folder / f"{stem}.db", folder / f"{stem}.lock")
    place.database.write_bytes(bytes(n_bytes))
    place.lock.touch()
    os.utime(place.lock, (used_s, used_s))
    return place


def test_what_nobody_used_for_long_is_swept_away(tmp_path: Path) -> None:
    now_s = time.time()
    own = make(tmp_path, "a", now_s - 2 * KEEP_UNUSED_S)
    old = make(tmp_path, "b", now_s - KEEP_UNUSED_S - 60)
    recent = make(tmp_path, "c", now_s - KEEP_UNUSED_S + 60)
    foreign = tmp_path / "notes.db"
    foreign.touch()
    sweep(tmp_path, own, now_s)
    assert not old.database.exists()
    assert not old.lock.exists()
    assert own.database.exists()
    assert recent.database.exists()
    assert foreign.exists()


def test_an_old_index_that_somebody_keeps_stays(tmp_path: Path) -> None:
    now_s = time.time()
    own = make(tmp_path, "a", now_s)
    old = make(tmp_path, "b", now_s - 2 * KEEP_UNUSED_S)
    lock = Lock(old.lock)
    assert lock.try_take()
    os.utime(old.lock, (0, 0))
    sweep(tmp_path, own, now_s)
    assert old.database.exists()


def test_what_is_set_aside_takes_its_log_out_of_the_way(tmp_path: Path) -> None:
    place = make(tmp_path, "a", 0.0)
    log = place.database.with_name(place.database.name + "-wal")
    log.write_bytes(b"log")
    place.set_aside()
    assert not log.exists()
    assert not place.database.exists()
    assert place.broken.exists()
    place.set_aside()  # Nothing to do is no error.
