from __future__ import annotations

import os
from pathlib import Path

import pytest

from sc2_lsp.doctor.check import State
from sc2_lsp.doctor.folders import folder, folders
from sc2_lsp.engine.rendezvous import FOLDER_VARIABLE
from sc2_lsp.settings import Settings
from tests.support.situations import situation

has_modes = pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no such modes")


def test_one_that_can_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    check = folder("index folder", tmp_path, holds_code=True)
    assert (check.state, check.advice) == (State.OK, "")
    assert not list(tmp_path.iterdir())


def test_one_that_can_be_made(tmp_path: Path) -> None:
    check = folder("index folder", tmp_path / "a" / "b", holds_code=True)
    assert check.state is State.OK
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("below", ["", "sc2-lsp"])
def test_one_whose_place_is_taken_by_a_file(tmp_path: Path, below: str) -> None:
    (tmp_path / "cache").write_text("")
    check = folder("index folder", tmp_path / "cache" / below, holds_code=True)
    assert check.state is State.FAIL
    assert f"{tmp_path / 'cache'} is no folder" in check.found


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder that root cannot write")
def test_one_that_cannot_be_written() -> None:
    check = folder("models folder", Path("/proc/self/models"), holds_code=False)
    assert check.state is State.FAIL
    assert "cannot be written" in check.found
    assert "/proc/self" in check.advice


@has_modes
def test_one_that_is_open_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert folder("models folder", tmp_path, holds_code=False).state is State.OK
    check = folder("index folder", tmp_path, holds_code=True)
    assert check.state is State.WARN
    assert check.advice == f"chmod 700 '{tmp_path}'"


@pytest.mark.parametrize(
    ("setting", "state"),
    [("{}/sc2.prom", State.OK), ("sc2.prom", State.FAIL), ("{}/none/sc2.prom", State.FAIL)],
)
def test_a_place_for_metrics(tmp_path: Path, setting: str, state: State) -> None:
    settings = Settings(metrics_file=setting.format(tmp_path))
    checks = {check.name: check for check in folders(situation(tmp_path, settings=settings))}
    assert checks["metrics file"].state is state


@has_modes
def test_a_folder_of_engines_that_is_open_to_others(tmp_path: Path) -> None:
    place = Path(os.path.relpath(tmp_path))
    place.chmod(0o755)
    environment = {FOLDER_VARIABLE: str(place)}
    checks = {check.name: check for check in folders(situation(tmp_path, environment=environment))}
    assert checks["shared engine"].state is State.WARN
    assert "cannot be shared" in checks["shared engine"].found
