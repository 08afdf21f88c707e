from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.doctor.check import State
from sc2_lsp.doctor.watching import watched, watching
from sc2_lsp.settings import Settings
from tests.support.situations import situation


def test_the_system_tells_of_changes(tmp_path: Path) -> None:
    (check,) = watching(situation(tmp_path))
    assert check.state is State.OK
    assert "tells of changes" in check.found


@pytest.mark.skipif(not Path("/proc/sys/fs/inotify").is_dir(), reason="watches trees as a whole")
def test_more_folders_than_the_system_watches(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    check = watched(tmp_path, Settings(), max_folders=2)
    assert check.state is State.WARN
    assert "max_user_watches" in check.found
    assert "sysctl" in check.advice


def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    (check,) = watching(situation(tmp_path, root=None))
    assert check.state is State.WARN
    assert "is gone" in check.found


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    assert watched(tmp_path / "gone", Settings()).state is State.FAIL


@pytest.mark.parametrize("settings", [Settings(watch="off"), Settings(index="off")])
def test_where_nothing_is_watched(tmp_path: Path, settings: Settings) -> None:
    assert watched(tmp_path / "gone", settings).state is State.OK
