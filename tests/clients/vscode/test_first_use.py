"""From an empty VS Code to the first suggestion, as a new user would, the server included."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.vscode.conftest import SETTINGS, Open
from tests.clients.vscode_window import VSIX, Window, rig
from tests.project.tree import ROOT

pytestmark = [pytest.mark.editor, pytest.mark.timeout(1200)]

MOST_CLICKS = 4
TYPED = "def is_even(number: int) -> bool:\nreturn "


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, as somebody would have downloaded it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture
def bare_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder to look for programs in, beside all of PATH that has no sc2-lsp."""
    folders = os.environ["PATH"].split(os.pathsep)
    without = [folder for folder in folders if not (Path(folder) / "sc2-lsp").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(without))
    folder = tmp_path / "nothing"
    folder.mkdir()
    return folder


@pytest.fixture
def empty(tmp_path: Path, bare_path: Path) -> Iterator[Window]:
    window = Window(rig(), tmp_path / "data", None, {}, bare_path, is_empty=True)
    yield window
    window.close()
    shutil.rmtree(window.data)  # with the environment, which is large


def test_few_clicks_and_no_terminal(empty: Window, wheel: Path) -> None:
    """The steps of docs/first-use.md. Keys open the palette and the file, all else is clicked."""
    empty("command", title="Extensions: Install from VSIX...")
    empty("answer", text=str(VSIX), button="Install")
    empty("notification", text="sc2-lsp is not installed", button="Install")
    empty("answer", text=str(wheel), button="Install")
    empty("notification", text="Installing the StarCoder2 server")
    empty("status", text="StarCoder2: ready", seconds=900)
    empty("press", key="Control+Alt+KeyN")
    empty("tab", name="Untitled-1")
    empty("type", text=TYPED)
    assert empty("ghost")
    assert 0 < empty("clicks") <= MOST_CLICKS


def test_an_installation_that_fails_is_shown_and_mended(
    open_: Open, bare_path: Path, wheel: Path, tmp_path: Path
) -> None:
    torn = tmp_path / wheel.name
    torn.write_bytes(wheel.read_bytes()[:1000])
    settings = {**SETTINGS, "sc2.vscode.package": str(torn)}
    window = open_(settings=settings, path=bare_path, until="StarCoder2: not installed")
    window("notification", text="sc2-lsp is not installed", button="Install")
    window("notification", text="was not installed: Wheel 'sc2-lsp'", button="Open Log")
    window("appears", selector=".panel .output-view .view-line", text="invalid.")
    window("status", text="StarCoder2: not installed")

    window.configure({**settings, "sc2.vscode.package": str(wheel)})
    window("clickStatus")
    window("pick", label="Install the server")
    window("status", text="StarCoder2: ready", seconds=900)
    (server,) = window.language_servers()
    assert str(window.data) in " ".join(server.cmdline())
