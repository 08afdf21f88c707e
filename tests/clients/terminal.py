"""An editor in tmux: keys go in as a person types them, the screen comes out as a person sees it.

Every wait is for output of the editor, with a deadline; a failed one shows the screen.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import psutil

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 25.0
COLUMNS, ROWS = 100, 30

T = TypeVar("T")


def program(name: str, target: str) -> str:
    """The path of a program of a rig; fails with the make target that fetches it.

    The variable with its name in capitals names another one.
    """
    path = os.environ.get(name.upper()) or shutil.which(name)
    assert path, f"{name} is missing: run make {target}"
    return path


def server_on_path(folder: Path) -> dict[str, str]:
    """An environment in which `sc2-lsp` is this project's."""
    folder.mkdir()
    starter = folder / "sc2-lsp"
    starter.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m sc2_lsp "$@"\n', "utf-8"
    )
    starter.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def _has_ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


class Terminal:
    """Owns the editor and its terminal, both with their files in `folder`."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        environment: Mapping[str, str],
        working_folder: Path,
        height: int = ROWS,
    ) -> None:
        tmux = shutil.which("tmux")
        assert tmux, "tmux is missing: the make targets of the editors fetch it"
        self._tmux = [tmux, "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._changed = threading.Condition()
        self._n_changes = 0
        self.output: list[tuple[float, bytes]] = []
        """What the editor wrote to the terminal, and when, in seconds of the monotonic clock."""
        # It waits for the pipe, so that nothing of its output is missed.
        gate = folder / "gate"
        os.mkfifo(gate)
        os.mkfifo(folder / "output")
        size = ["-x", str(COLUMNS), "-y", str(height)]
        starting = ["sh", "-c", f'read -r _ < "{gate}"; exec "$@"', "sh", *command]
        self._run(
            ["new-session", "-d", *size, "-c", str(working_folder), *starting],
            {**os.environ, **server_on_path(folder / "bin"), "LC_ALL": "C.UTF-8", **environment},
        )
        self._run(["pipe-pane", "-O", f'exec cat > "{folder / "output"}"'])
        threading.Thread(target=self._read_output, args=(folder / "output",), daemon=True).start()
        gate.write_text("\n")
        self.process = psutil.Process(int(self._run(["display", "-p", "#{pane_pid}"])))

    def follow(self, pipe: Path) -> list[bytes]:
        """What is written to the pipe from now on, which counts as output of the editor."""
        written: list[bytes] = []
        threading.Thread(target=self._read, args=(pipe, written.append), daemon=True).start()
        return written

    def close(self) -> None:
        """End the editor the hard way, if it still runs; it writes no file any more."""
        try:
            left = [self.process, *self.process.children()]
        except psutil.NoSuchProcess:
            left = []
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, timeout=TIMEOUT_S)
        deadline_s = time.monotonic() + TIMEOUT_S
        while not all(map(_has_ended, left)) and time.monotonic() < deadline_s:
            psutil.wait_procs(left, timeout=0.1)

    def keys(self, *names: str) -> None:
        """Press keys by their tmux names."""
        self._run(["send-keys", *names])

    def type(self, text: str) -> None:
        self._run(["send-keys", "-l", text])

    def screen(self) -> list[str]:
        """The lines on the screen, without blanks at their ends."""
        return [line.rstrip() for line in self._run(["capture-pane", "-p"]).splitlines()]

    def coloured_screen(self) -> str:
        """The screen with its colours as escape sequences."""
        return self._run(["capture-pane", "-p", "-e"])

    def row(self, text: str) -> str:
        """The first line on the screen that holds `text`; empty where none does."""
        return next((row for row in self.screen() if text in row), "")

    def wait(self, look: Callable[[], T], what: str, timeout_s: float = TIMEOUT_S) -> T:
        """What `look` gives once it is true; it is asked again at every output of the editor."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            with self._changed:
                seen = self._n_changes
            if found := look():
                return found
            with self._changed:
                left_s = deadline_s - time.monotonic()
                if self._n_changes == seen and not self._changed.wait(max(left_s, 0)):
                    screen = "\n".join(self.screen())
                    raise AssertionError(f"not seen: {what}\n{screen}")

    def _run(self, arguments: Sequence[str], environment: dict[str, str] | None = None) -> str:
        return subprocess.run(
            [*self._tmux, *arguments],
            check=True,
            capture_output=True,
            encoding="utf-8",
            env=environment,
            timeout=TIMEOUT_S,
        ).stdout

    def _read_output(self, pipe: Path) -> None:
        self._read(pipe, lambda written: self.output.append((time.monotonic(), written)))

    def _read(self, pipe: Path, take: Callable[[bytes], object]) -> None:
        with pipe.open("rb", buffering=0) as stream:
            while written := stream.read(65536):
                take(written)
                with self._changed:
                    self._n_changes += 1
                    self._changed.notify_all()
