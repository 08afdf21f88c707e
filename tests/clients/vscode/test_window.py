"""The extension in VS Code itself, with the real server and the bundled model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.vscode_window import VSIX, Window, rig, write_program
from tests.project.tree import ROOT

pytestmark = [pytest.mark.editor, pytest.mark.timeout(300)]

TYPED = "\ndef total_of(numbers: list[int]) -> int:\nreturn "
SETTINGS = {"sc2.multiline": "never", "sc2.engine_idle_s": 0}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "shapes.py").write_bytes((ROOT / "sc2_lsp" / "text.py").read_bytes())
    return folder


@pytest.fixture
def window(tmp_path: Path, workspace: Path) -> Iterator[Window]:
    assert VSIX.is_file(), "run 'npm run package' in clients/vscode first"
    program = write_program(tmp_path / "bin")
    window = Window(rig(), tmp_path / "data", workspace, SETTINGS, program.parent)
    try:
        window("trust", yes=True)
        window("file", name="shapes.py")
        window("status", text="StarCoder2: ready")
        yield window
    finally:
        window.close()


def save(window: Window) -> str:
    window("press", key="Control+KeyS")
    window("saved")
    return (window.workspace / "shapes.py").read_text(encoding="utf-8")


def test_tab_inserts_the_suggestion_and_undo_takes_it_back(window: Window) -> None:
    window("press", key="Control+End")
    window("type", text=TYPED)
    suggested = window("ghost")
    assert suggested
    before = save(window)
    assert before.endswith("return ")

    window("ghost")
    window("press", key="Tab")
    assert save(window) == before + suggested

    window("press", key="Control+KeyZ")
    assert save(window) == before


def test_a_killed_server_is_started_again(window: Window) -> None:
    (server,) = window.language_servers()
    server.kill()
    window("status", text="StarCoder2: restarting")
    window("status", text="StarCoder2: ready")
    (again,) = window.language_servers()
    assert again.pid != server.pid


def test_a_model_that_is_not_there_is_said_and_a_good_one_mends_it(
    window: Window, tmp_path: Path
) -> None:
    window.configure({**SETTINGS, "sc2.model": str(tmp_path / "missing.gguf")})
    window("status", text="StarCoder2: no model")
    window.configure(SETTINGS)
    window("status", text="StarCoder2: ready")
