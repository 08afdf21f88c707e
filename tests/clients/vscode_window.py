"""VS Code in a browser, with the extension installed, for tests to use as a person would."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from tests.project.tree import ROOT

RIGS = Path(__file__).parent / "rigs"
EXTENSION = ROOT / "clients" / "vscode"
VSIX = EXTENSION / "dist" / "sc2-lsp.vsix"


def rig() -> Path:
    """The folder with VS Code and the browser's driver, installed now if they are not there."""
    script = str(RIGS / "install_vscode.sh")
    done = subprocess.run(["bash", script], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, "the VS Code of the tests cannot be installed; see above"
    return Path(done.stdout.strip())


def write_program(folder: Path) -> Path:
    """The program `sc2-lsp` of this source tree, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "sc2-lsp"
    python, tree = shlex.quote(sys.executable), shlex.quote(str(ROOT))
    program.write_text(f'#!/bin/sh\nPYTHONPATH={tree} exec {python} -m sc2_lsp "$@"\n')
    program.chmod(0o755)
    return program


class Window:
    """Owns a VS Code server and a browser that shows one window of it.

    `data` is an empty folder; the window opens `workspace`, a folder, a `.code-workspace` file or
    nothing. `settings` are those of the machine; `path` stands before what PATH has. `extension` is
    installed, ours if none is named, unless `is_empty`; `environment` is added to what the tests
    were started with.
    """

    def __init__(
        self,
        rig: Path,
        data: Path,
        workspace: Path | None,
        settings: Mapping[str, Any],
        path: Path | None = None,
        is_empty: bool = False,
        environment: Mapping[str, str] | None = None,
        extension: Path = VSIX,
    ) -> None:
        self.workspace = workspace
        self.data = data
        self._rig = rig
        self._machine = data / "data" / "Machine" / "settings.json"
        self._machine.parent.mkdir(parents=True)
        self.configure(settings)
        # Otherwise VS Code takes PATH from a login shell instead of what it is started with.
        self._environment = {**os.environ, **(environment or {}), "VSCODE_CLI": "1"}
        if path is not None:
            self._environment["PATH"] = f"{path}{os.pathsep}{os.environ['PATH']}"
        if not is_empty:
            self._install(extension)
        port = _free_port()
        self._log = (data / "server.log").open("w")
        self._server = subprocess.Popen(
            [
                *self._command,
                *("--host", "127.0.0.1", "--port", str(port)),
                *("--without-connection-token", "--telemetry-level", "off"),
            ],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._browser: subprocess.Popen[str] | None = None
        self._address = f"http://127.0.0.1:{port}/"
        try:
            self._wait_until_it_listens()
            self._browser = subprocess.Popen(
                ["node", str(RIGS / "drive_vscode.mjs"), str(rig)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self("open", url=self._address + _query(workspace))
        except BaseException:
            self.close()
            raise

    def __call__(self, action: str, **arguments: Any) -> Any:
        """What an action of drive_vscode.mjs returns."""
        assert self._browser
        assert self._browser.stdin
        assert self._browser.stdout
        self._browser.stdin.write(json.dumps({"do": action, **arguments}) + "\n")
        self._browser.stdin.flush()
        answer = json.loads(self._browser.stdout.readline())
        if "error" in answer:
            self._browser_screenshot(action)
            raise AssertionError(answer["error"])
        return answer["result"]

    @property
    def folder(self) -> Path:
        """Where the files of a test go."""
        assert self.workspace
        return self.workspace if self.workspace.is_dir() else self.workspace.parent

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Replace the settings of the machine, which VS Code notices."""
        common = {
            "workbench.startupEditor": "none",
            "files.autoSave": "off",
            "editor.wordBasedSuggestions": "off",
        }
        self._machine.write_text(json.dumps({**common, **settings}), encoding="utf-8")

    def language_servers(self) -> list[psutil.Process]:
        """The servers of ours that this VS Code has started."""
        children = psutil.Process(self._server.pid).children(recursive=True)
        return [child for child in children if _is_language_server(child)]

    def close(self) -> None:
        """Close the window, then end VS Code."""
        if self._browser is not None:
            assert self._browser.stdin
            self._browser.stdin.close()
            self._browser.wait(timeout=60)
        self._server.terminate()
        self._server.wait(timeout=60)
        self._log.close()

    @property
    def _command(self) -> list[str]:
        main = self._rig / "node_modules/code-server/lib/vscode/out/server-main.js"
        data = str(self.data)
        return ["node", str(main), "--accept-server-license-terms", "--server-data-dir", data]

    def _install(self, extension: Path) -> None:
        done = subprocess.run(
            [*self._command, "--install-extension", str(extension)],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "was successfully installed" in done.stdout, done.stdout + done.stderr

    def _wait_until_it_listens(self) -> None:
        assert self._server.stdout
        for line in self._server.stdout:
            if "Extension host agent listening" in line:
                return
        raise AssertionError("VS Code ended: " + (self.data / "server.log").read_text())

    def _browser_screenshot(self, action: str) -> None:
        """What the window showed when an action failed, for whoever reads the report."""
        if action != "screenshot":
            path = self.data / "failed.png"
            self("screenshot", path=str(path))


def _is_language_server(process: psutil.Process) -> bool:
    try:
        names = {Path(part).name for part in process.cmdline()}
    except psutil.NoSuchProcess:  # VS Code starts many that end at once
        return False
    return "serve" in names and not names.isdisjoint({"sc2-lsp", "sc2_lsp"})


def _query(workspace: Path | None) -> str:
    if workspace is None:
        return "?ew=true"
    kind = "folder" if workspace.is_dir() else "workspace"
    return f"?{kind}={urllib.parse.quote(str(workspace))}"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
