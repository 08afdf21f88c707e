"""Every entry of the menu behind SC2 in the status bar does what it says."""

from __future__ import annotations

import time

import pytest

from tests.clients.vscode.conftest import CODE, SETTINGS, begin, code_until
from tests.clients.vscode_window import Window

pytestmark = [pytest.mark.editor, pytest.mark.timeout(900)]

WITH = {**SETTINGS, "sc2.context_tokens": 1024}
SPOT = "return self.line_starts["
TYPED = f"        {SPOT}"


def choose(window: Window, label: str) -> None:
    window("clickStatus")
    window("pick", label=label)


def offers(window: Window) -> str:
    window("clickStatus")
    found = "\n".join(window("entries"))
    window("press", key="Escape")
    return found


def asks_again(window: Window) -> None:
    """Takes the last character back and types it again."""
    window("press", key="Backspace")
    window("type", text=SPOT[-1])


def test_what_the_model_is_shown(window: Window) -> None:
    """The first test: of a long document only the beginning is drawn, and the files that others
    write are like the one that is looked for."""
    (window.folder / "uses.py").write_text("from shapes import Text\n\n", "utf-8")
    window("file", name="uses.py")
    window("press", key="Control+End")
    window("insert", text="text = Text.")
    window("ghost")
    choose(window, "What is the model shown here?")
    window("tab", name="What the model is shown.md")
    window("shows", text="for uses.py, line 3")
    window("shows", text="## shapes.py")


def test_suggestions_are_turned_off_and_on(window: Window) -> None:
    begin(window, "toggle.py", code_until(SPOT), TYPED)
    choose(window, "Turn suggestions off")
    window("status", text="paused")
    window("noGhost")
    assert "Turn suggestions on" in offers(window)
    asks_again(window)
    window("press", key="Alt+Backslash")
    assert window("ghost"), "by a key they are still to be had"

    choose(window, "Turn suggestions on")
    window("status", text="ready")
    asks_again(window)
    assert window("ghost")


def test_suggestions_are_turned_off_and_on_in_a_language(window: Window) -> None:
    begin(window, "language.py", code_until(SPOT), TYPED)
    choose(window, "Turn suggestions off in python")
    window("status", text="paused")
    (window.folder / "notes.md").write_text(f"# Notes\n\n{CODE}", "utf-8")
    window("file", name="notes.md")
    window("status", text="ready")
    window("file", name="language.py")
    window("status", text="paused")
    choose(window, "Turn suggestions on in python")
    window("status", text="ready")
    asks_again(window)
    assert window("ghost")


def test_off_for_all_languages_wins_over_one_that_was_turned_on(window: Window) -> None:
    begin(window, "exception.py", code_until(SPOT), TYPED)
    choose(window, "Turn suggestions off in python")
    window("status", text="paused")
    choose(window, "Turn suggestions on in python")
    window("status", text="ready")
    choose(window, "Turn suggestions off")
    window("status", text="paused")
    assert "in python" not in offers(window), "which would change nothing"
    window("noGhost")
    choose(window, "Turn suggestions on")
    window("status", text="ready")
    asks_again(window)
    assert window("ghost")


def test_snooze(window: Window) -> None:
    begin(window, "snooze.py", code_until(SPOT), TYPED)
    choose(window, "Snooze for 10 minutes")
    window("status", text="paused")
    window("noGhost")
    choose(window, "End the snooze")
    window("status", text="ready")
    asks_again(window)
    assert window("ghost")


def why(window: Window) -> list[str]:
    """What is said of the last answer, in the document that is opened for it."""
    choose(window, "Why was nothing suggested?")
    window("tab", name="Why nothing was suggested.md")
    return [line for line in window("lines") if "The last answer: " in line]


def test_why_nothing_was_suggested(window: Window) -> None:
    begin(window, "why.py", code_until(SPOT), TYPED)
    (window.folder / ".env").write_text("NAME=value\n")
    reason = "The file is one that holds secrets"
    seen: list[str] = []
    # Nothing on the page tells of an answer without a suggestion, and where another document is
    # opened at once there may be none.
    while reason not in str(seen[-1:]) and len(seen) < 5:
        window("file", name=".env")
        window("press", key="Control+End")
        window("type", text="OTHER=")
        window("press", key="Alt+Backslash")
        time.sleep(1.0)
        seen += why(window)
    assert reason in seen[-1], seen


def test_the_walkthrough(window: Window) -> None:
    choose(window, "Get started")
    for step in ("Install the server", "Choose a model", "Type", "When nothing is suggested"):
        window("appears", selector=".gettingStartedContainer .step-title", text=step)
    window("click", selector=".gettingStartedContainer .step-title", text="When nothing")
    window("click", selector=".gettingStartedContainer .monaco-button", text="Show the Menu")
    assert "Restart the server" in "".join(window("entries"))
    window("press", key="Escape")


def test_the_log(window: Window) -> None:
    choose(window, "Open log")
    window("appears", selector=".panel .output-view .view-line", text="Starting")
    window("press", key="Control+KeyJ")


def test_restart(window: Window) -> None:
    (server,) = window.language_servers()
    choose(window, "Restart the server")
    server.wait(60)
    window("status", text="ready")
    (again,) = window.language_servers()
    assert again.pid != server.pid
    assert begin(window, "restart.py", code_until(SPOT), TYPED)
