"""Neovim in tmux: keys go in as a person types them, the screen comes out as a person sees it.

Every wait is for output of the editor, with a deadline; a failed one shows the screen.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import psutil

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = ROOT / "clients" / "neovim"
TIMEOUT_S = 25.0
COLUMNS, ROWS = 100, 30

T = TypeVar("T")

# The three lines of the help, and keys for what is tested.
INIT = f"""
vim.opt.runtimepath:append('{PLUGIN}')
vim.lsp.enable('sc2_lsp')
vim.keymap.set('i', '<C-l>', '<Plug>(sc2-accept)')
"""
MORE_KEYS = """
vim.keymap.set('i', '<C-k>', '<Plug>(sc2-accept-word)')
vim.keymap.set('i', '<C-j>', '<Plug>(sc2-accept-line)')
vim.keymap.set('i', '<C-n>', '<Plug>(sc2-next)')
vim.keymap.set('i', '<C-p>', '<Plug>(sc2-previous)')
vim.keymap.set('i', '<C-e>', '<Plug>(sc2-dismiss)')
vim.o.statusline = "%{v:lua.require'sc2_lsp'.status()}|"
vim.o.laststatus = 2
vim.o.messagesopt = 'wait:0,history:500'
"""

_GHOST = """
local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
local marks = namespace
  and vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true }) or {}
if #marks == 0 then return '' end
local lines = { marks[1][4].virt_text and marks[1][4].virt_text[1][1] or '' }
for _, line in ipairs(marks[1][4].virt_lines or {}) do table.insert(lines, line[1][1]) end
return table.concat(lines, '\\n')
"""


def program(name: str) -> str:
    """The path of a program of the rig; fails with what to do."""
    path = os.environ.get("NVIM") if name == "nvim" else None
    path = path or shutil.which(name)
    assert path, f"{name} is missing: run make e2e-neovim"
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


class Neovim:
    """Owns the editor, its terminal and a connection to its RPC."""

    def __init__(self, folder: Path, file: Path, init: str, height: int = ROWS) -> None:
        home = folder / "home"
        home.mkdir()
        init_file = home / "init.lua"
        self._tmux = [program("tmux"), "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._changed = threading.Condition()
        self._n_changes = 0
        self.output: list[tuple[float, bytes]] = []
        """What the editor wrote to the terminal, and when, in seconds of the monotonic clock."""
        environment = {
            **os.environ,
            **server_on_path(folder / "bin"),
            **{f"XDG_{name}_HOME": str(home) for name in ("CONFIG", "DATA", "STATE")},
            "LC_ALL": "C.UTF-8",
        }
        address = folder / "rpc"
        # Only now: a plugin is not there yet while Neovim starts.
        listen = f"autocmd('VimEnter', {{ command = 'call serverstart(\"{address}\")' }})"
        init_file.write_text(f"{init}\nvim.api.nvim_create_{listen}\n", "utf-8")
        command = [program("nvim"), "-u", str(init_file), str(file)]
        # It waits for the pipe, so that nothing of its output is missed.
        gate = folder / "gate"
        os.mkfifo(gate)
        os.mkfifo(folder / "output")
        size = ["-x", str(COLUMNS), "-y", str(height)]
        shell = f'read -r _ < "{gate}"; exec "$@"'
        self._run(
            ["new-session", "-d", *size, "-c", str(file.parent), "sh", "-c", shell, "sh", *command],
            environment,
        )
        self._run(["pipe-pane", "-O", f'exec cat > "{folder / "output"}"'])
        threading.Thread(target=self._read, args=(folder / "output",), daemon=True).start()
        gate.write_text("\n")
        self.process = psutil.Process(int(self._run(["display", "-p", "#{pane_pid}"])))
        try:
            self._rpc = self._connect(address)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the editor the hard way, if it still runs."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, timeout=TIMEOUT_S)

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

    def lua(self, code: str, *arguments: Any) -> Any:
        """What this chunk of Lua returns."""
        self._rpc.sendall(msgspec.msgpack.encode([0, 1, "nvim_exec_lua", [code, list(arguments)]]))
        reply = b""
        while True:
            received = self._rpc.recv(65536)
            assert received, "Neovim has ended"
            reply += received
            try:
                _, _, error, result = msgspec.msgpack.decode(reply)
            except msgspec.DecodeError:
                continue
            assert error is None, error
            return result

    def lines(self) -> list[str]:
        lines: list[str] = self.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)")
        return lines

    def ghost(self) -> str:
        """The text that Neovim draws and does not hold; empty where there is none."""
        ghost: str = self.lua(_GHOST)
        return ghost

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

    def wait_until_ready(self) -> None:
        """Until the weights are loaded: what is asked before is answered with nothing."""
        is_ready = self.lua(
            "return vim.wait(..., function() "
            "return require('sc2_lsp.status').state() == 'ready' end, 20)",
            TIMEOUT_S * 1000,
        )
        assert is_ready, "the engine is not ready"

    def wait_for_ghost(self) -> str:
        return self.wait(self.ghost, "ghost text")

    def server(self) -> psutil.Process:
        """The server's process."""
        pid = self.lua(
            "local name, found = 'sc2_lsp' "
            "for _, process in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do "
            "found = process end return found"
        )
        return psutil.Process(pid)

    def _connect(self, address: Path) -> socket.socket:
        self.wait(address.exists, "Neovim listens")
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT_S)
        connection.connect(str(address))
        return connection

    def _run(self, arguments: Sequence[str], environment: dict[str, str] | None = None) -> str:
        return subprocess.run(
            [*self._tmux, *arguments],
            check=True,
            capture_output=True,
            encoding="utf-8",
            env=environment,
            timeout=TIMEOUT_S,
        ).stdout

    def _read(self, output: Path) -> None:
        with output.open("rb", buffering=0) as stream:
            while written := stream.read(65536):
                self.output.append((time.monotonic(), written))
                with self._changed:
                    self._n_changes += 1
                    self._changed.notify_all()
