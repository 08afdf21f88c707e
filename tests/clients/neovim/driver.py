"""Neovim in a terminal, with a connection to its RPC."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import msgspec
import psutil

from tests.clients.terminal import ROOT, ROWS, TIMEOUT_S, Terminal, program

PLUGIN = ROOT / "clients" / "neovim"

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

MULTILINE = "vim.lsp.config('sc2_lsp', { settings = { sc2 = { multiline = 'always' } } })\n"
CODE = (ROOT / "sc2_lsp" / "text.py").read_text("utf-8")
TYPED = "return self.line_starts["


def code_with(line: str) -> str:
    """A real module in which somebody has begun to type at the end of its first method."""
    place = CODE.index("    @property\n    def n_lines")
    return CODE[:place] + line


_GHOST = """
local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
local marks = namespace
  and vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true }) or {}
if #marks == 0 then return '' end
local lines = { marks[1][4].virt_text and marks[1][4].virt_text[1][1] or '' }
for _, line in ipairs(marks[1][4].virt_lines or {}) do table.insert(lines, line[1][1]) end
return table.concat(lines, '\\n')
"""


class Neovim(Terminal):
    """Owns the editor and a connection to its RPC."""

    def __init__(self, folder: Path, file: Path, init: str, height: int = ROWS) -> None:
        home = folder / "home"
        home.mkdir()
        init_file = home / "init.lua"
        environment = {f"XDG_{name}_HOME": str(home) for name in ("CONFIG", "DATA", "STATE")}
        address = folder / "rpc"
        # Only now: a plugin is not there yet while Neovim starts.
        listen = f"autocmd('VimEnter', {{ command = 'call serverstart(\"{address}\")' }})"
        init_file.write_text(f"{init}\nvim.api.nvim_create_{listen}\n", "utf-8")
        command = [program("nvim", "e2e-neovim"), "-u", str(init_file), str(file)]
        super().__init__(folder, command, environment, file.parent, height)
        try:
            self._rpc = self._connect(address)
        except BaseException:
            self.close()
            raise

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


def begin(editor: Neovim, typed: str = TYPED) -> str:
    """Go to the end of the file, type, and wait for the suggestion."""
    editor.wait_until_ready()
    # Neovim draws no lines below the window: let the end of the file be at its top.
    editor.keys("G", "z", "t", "o")
    editor.type(typed)
    return editor.wait_for_ghost()
