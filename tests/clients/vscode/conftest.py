"""Windows of VS Code for the tests here, and files to type into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.clients.vscode_window import VSIX, Window, rig, write_program
from tests.project.tree import ROOT

CODE = (ROOT / "sc2_lsp" / "text.py").read_text("utf-8")
SETTINGS = {
    "sc2.engine_idle_s": 0,
    "sc2.multiline": "always",
    "sc2.context_tokens": 0,  # so that no test sees the files of another
    "editor.autoClosingBrackets": "never",
    "editor.autoIndent": "none",
    "editor.inlineSuggest.showToolbar": "always",
}

Begin = Callable[..., Path]


def repository(folder: Path) -> Path:
    """A folder with one file of real code, as somebody would open it."""
    (folder / ".git").mkdir(parents=True)
    (folder / "shapes.py").write_text(CODE, "utf-8")
    return folder


class Open:
    """Opens windows, each ready to type in unless told otherwise, and closes them in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = write_program(folder / "bin")
        self.windows: list[Window] = []

    def __call__(
        self,
        workspace: Path | None = None,
        settings: Mapping[str, Any] | None = None,
        path: Path | None = None,
        until: str = "StarCoder2: ready",
        trust: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> Window:
        assert VSIX.is_file(), "run 'npm run package' in clients/vscode first"
        data = self.folder / f"data{len(self.windows)}"
        opened = workspace or repository(self.folder / f"repo{len(self.windows)}")
        window = Window(
            rig(),
            data,
            opened,
            settings or SETTINGS,
            path or self.program.parent,
            environment=environment,
        )
        self.windows.append(window)
        window("trust", yes=trust)
        window("status", text=until)
        return window

    def close(self) -> None:
        for window in self.windows:
            window.close()


@pytest.fixture
def open_(tmp_path: Path) -> Iterator[Open]:
    windows = Open(tmp_path)
    yield windows
    windows.close()


@pytest.fixture(scope="module")
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Window]:
    """One window, with the module's settings, for all its tests that leave it as they found it."""
    windows = Open(tmp_path_factory.mktemp("shared"))
    try:
        yield windows(settings=getattr(request.module, "WITH", SETTINGS))
    finally:
        windows.close()


@pytest.fixture
def window(shared: Window) -> Iterator[Window]:
    yield shared
    shared("press", key="Escape")
    shared("command", title="View: Revert and Close Editor")


def code_until(spot: str) -> str:
    """A real module up to the line with `spot`, in which somebody is about to type it."""
    return CODE[: CODE.rindex("\n", 0, CODE.index(spot)) + 1]


def begin(window: Window, name: str, text: str, typed: str) -> str:
    """Open a new file, put `typed` at its end, and wait for what is suggested.

    It arrives at once: somebody who types is shown something at every letter.
    """
    file = window.folder / name
    file.write_text(text, "utf-8", newline="")
    window("file", name=name)
    window("press", key="Control+End")
    window("insert", text=typed)
    return window("ghost")


def saved(window: Window, name: str) -> str:
    """The active file as it is on the disk once it is saved."""
    window("press", key="Control+KeyS")
    window("saved")
    return (window.folder / name).read_bytes().decode()
