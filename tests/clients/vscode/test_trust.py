"""Nothing of a workspace that is not trusted is used, and of a trusted one only what it may say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.vscode.conftest import Open, begin, code_until, repository
from tests.clients.vscode_window import write_program

pytestmark = [pytest.mark.editor, pytest.mark.timeout(900)]

SPOT = "return self.line_starts["


def hostile(folder: Path) -> Path:
    """A repository that brings a program, and settings that name it and a model."""
    root = repository(folder)
    trap = root / ".venv" / "bin" / "sc2-lsp"
    trap.parent.mkdir(parents=True)
    trap.write_text(f"#!/bin/sh\ntouch '{root}/was-run'\n")
    trap.chmod(0o755)
    settings = {
        "sc2.automatic": False,
        "sc2.model": str(root / "model.gguf"),
        "sc2.vscode.serverPath": str(trap),
        "sc2.vscode.python": str(trap),
    }
    (root / ".vscode").mkdir()
    (root / ".vscode" / "settings.json").write_text(json.dumps(settings), "utf-8")
    return root


def test_in_restricted_mode_nothing_of_the_workspace_is_used(open_: Open) -> None:
    root = hostile(open_.folder / "hostile")
    window = open_(root, trust=False)
    assert begin(window, "mine.py", code_until(SPOT), f"        {SPOT}")
    assert not (root / "was-run").exists()


def test_a_trusted_workspace_turns_off_and_names_no_program_or_model(open_: Open) -> None:
    root = hostile(open_.folder / "trusted")
    (root / ".venv" / "bin" / "sc2-lsp").unlink()
    write_program(root / ".venv" / "bin")
    window = open_(root, until="StarCoder2: paused")
    (server,) = window.language_servers()
    assert str(root / "model.gguf") not in " ".join(server.cmdline())
    window("clickStatus")
    window("pick", label="Open log")
    window("appears", selector=".panel .output-view .view-line", text="environment.")
    window("press", key="Control+KeyJ")
    window("file", name="shapes.py")
    window("press", key="Control+End")
    window("insert", text="\n\ndef clamp(")
    window("press", key="Alt+Backslash")
    assert window("ghost"), "by a key there are some all the same, from the model of the user"


def test_what_a_workspace_turned_off_is_turned_on_where_it_was_turned_off(open_: Open) -> None:
    root = repository(open_.folder / "quiet")
    settings = root / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"sc2.automatic": False}), "utf-8")
    window = open_(root, until="StarCoder2: paused")
    window("file", name="shapes.py")
    window("clickStatus")
    window("pick", label="Turn suggestions on")
    button = "Turn On in This Workspace"
    window("notification", text="settings of this workspace turn suggestions off", button=button)
    window("status", text="StarCoder2: ready")
    assert json.loads(settings.read_text("utf-8")) == {"sc2.automatic": True}
