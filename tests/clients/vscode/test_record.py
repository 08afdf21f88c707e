"""What VS Code tells of accepted suggestions."""

from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.record import store
from sc2_lsp.record.entry import Fate
from tests.clients.vscode_window import VSIX, Window, rig, write_program
from tests.project.tree import ROOT

pytestmark = [pytest.mark.editor, pytest.mark.timeout(900)]

SETTINGS = {"sc2.multiline": "never", "sc2.engine_idle_s": 0, "sc2.record": True}
TYPED = "\ndef total_of(numbers: list[int]) -> int:\nreturn "


def test_what_was_accepted_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert VSIX.is_file(), "run 'npm run package' in clients/vscode first"
    monkeypatch.setenv(store.FOLDER_VARIABLE, str(tmp_path / "record"))
    workspace = tmp_path / "repo"
    workspace.mkdir()
    (workspace / "shapes.py").write_bytes((ROOT / "sc2_lsp" / "text.py").read_bytes())
    program = write_program(tmp_path / "bin")
    window = Window(rig(), tmp_path / "data", workspace, SETTINGS, program.parent)
    try:
        window("trust", yes=True)
        window("file", name="shapes.py")
        window("status", text="StarCoder2: ready")
        window("press", key="Control+End")
        window("type", text=TYPED)
        suggested = window("ghost")
        window("press", key="Tab")
        window("press", key="Control+KeyS")
        window("saved")
    finally:
        window.close()
    entries = store.read(tmp_path / "record" / "record.db")
    assert [e.n_accepted for e in entries if e.fate is Fate.ACCEPTED] == [len(suggested)]
