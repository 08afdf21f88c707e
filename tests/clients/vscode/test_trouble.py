"""What VS Code shows, and what still works, when the server or its model fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.vscode.conftest import SETTINGS
from tests.clients.vscode_window import Window

pytestmark = [pytest.mark.editor, pytest.mark.timeout(300)]


def test_a_killed_server_is_started_again(window: Window) -> None:
    window("file", name="shapes.py")
    (server,) = window.language_servers()
    server.kill()
    window("status", text="StarCoder2: restarting")
    window("status", text="StarCoder2: ready")
    (again,) = window.language_servers()
    assert again.pid != server.pid


def test_a_model_that_is_not_there_is_said_and_a_good_one_mends_it(
    window: Window, tmp_path: Path
) -> None:
    window("file", name="shapes.py")
    window.configure({**SETTINGS, "sc2.model": str(tmp_path / "missing.gguf")})
    window("status", text="StarCoder2: no model")
    window.configure(SETTINGS)
    window("status", text="StarCoder2: ready")
