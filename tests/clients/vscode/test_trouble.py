"""What VS Code shows, and what still works, when the server or its model fails."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.clients.vscode.conftest import SETTINGS, Open, begin, code_until
from tests.clients.vscode_window import Window

pytestmark = [pytest.mark.editor, pytest.mark.timeout(900)]

SPOT = "return self.line_starts["
TYPED = f"        {SPOT}"
# Of some 60 a second; a busy machine draws fewer, a window that waits for an answer none.
FEWEST_FRAMES_A_SECOND = 5
MOST_ENDS = 5


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


def test_a_suspended_server_holds_nothing_up(window: Window) -> None:
    begin(window, "suspended.py", code_until(SPOT), TYPED)
    (server,) = window.language_servers()
    server.suspend()
    try:
        window("type", text="0]\n        second = self.line_starts[")
        window("shows", text="second = self.line_starts[")
        assert window("frames", ms=2000) >= 2 * FEWEST_FRAMES_A_SECOND
        assert window("ghostNow") == ""
    finally:
        server.resume()
    window("press", key="Backspace")
    window("type", text="[")
    assert window("ghost")
    assert window.language_servers() == [server]


def test_a_server_that_crashes_under_typing_loses_no_letter(window: Window) -> None:
    before = code_until(SPOT)
    typed = "        first, second = self.line_starts["
    (window.folder / "crash.py").write_text(before, "utf-8")
    window("file", name="crash.py")
    window("press", key="Control+End")
    (server,) = window.language_servers()
    window("type", text=typed[:20])
    server.kill()
    window("type", text=typed[20:])
    window("shows", text=typed)
    window("status", text="StarCoder2: ready")
    window("press", key="Backspace")
    window("type", text="[")
    assert window("ghost")


def test_a_server_that_ends_too_often_is_left_alone_and_the_log_is_offered(open_: Open) -> None:
    window = open_()
    for number in range(MOST_ENDS + 1):
        window("status", text="StarCoder2: ready")
        (server,) = window.language_servers()
        server.kill()
        window("status", text="restarting" if number < MOST_ENDS else "stopped")
    window("notification", text="ended too often", button="Open Log")
    window("appears", selector=".panel .output-view .view-line", text="it is started again in")
    window("clickStatus")
    window("pick", label="Restart the server")
    window("status", text="StarCoder2: ready")


def test_a_closed_window_leaves_no_process(open_: Open) -> None:
    window = open_()
    (server,) = window.language_servers()
    processes = [server, *server.children(recursive=True)]
    open_.windows.remove(window)
    window.close()
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert not alive
