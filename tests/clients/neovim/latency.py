"""Measures what server and client add: `python -m tests.clients.neovim.latency`.

With a file of 10,000 lines, what is suggested is typed character by character: such an answer needs
no engine, so that all the time is the server's and the client's. Measured twice:

In a real Neovim, from its request to the ghost text. Its own pause before a request, 200 ms, is not
in it.

At the server alone, without an editor, from writing the edit and the request to reading the answer.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.clients.neovim.driver import INIT, MORE_KEYS, TYPED, Neovim, code_with
from tests.clients.terminal import ROOT
from tests.support.lsp_client import Client, Message, at, notification, request

N_LINES = 10_000
N_WANTED = 300
LINE = "        " + TYPED

_FOLLOW = """
taken = {}
local asked = {}
vim.api.nvim_create_autocmd('LspRequest', { callback = function(event)
  local request, id = event.data.request, event.data.request_id
  if request.method ~= 'textDocument/inlineCompletion' then return end
  if request.type == 'pending' then
    asked[id] = vim.uv.hrtime()
  elseif request.type == 'complete' then
    -- The answer is handled, and the ghost text set, before anything that is scheduled now.
    vim.schedule(function() table.insert(taken, (vim.uv.hrtime() - asked[id]) / 1e6) end)
  end
end })
"""
_STATS = """
local client = vim.lsp.get_clients({ name = 'sc2_lsp' })[1]
return require('sc2_lsp.server').execute_sync(client, 'sc2.stats', 5000)
"""
_WAIT = "local n = ... return vim.wait(2000, function() return #taken >= n end, 5)"


def main() -> None:
    filler = "".join(f"value_{number} = {number}\n" for number in range(N_LINES))
    text = filler + code_with("    def line_start(self, line: int) -> int:\n")
    with tempfile.TemporaryDirectory(prefix="sc2-nvim-") as folder:
        repository = Path(folder) / "repository"
        (repository / ".git").mkdir(parents=True)
        file = repository / "shapes.py"
        file.write_text(text, "utf-8")
        editor = Neovim(Path(folder), file, INIT + MORE_KEYS)
        try:
            _report("Neovim, request to ghost text", _in_neovim(editor))
        finally:
            editor.close()
        _report("server alone, edit and request to answer", _at_server(repository, file, text))


def _in_neovim(editor: Neovim) -> list[float]:
    """Milliseconds from request to ghost text of each answer that needed no engine."""
    editor.wait_until_ready()
    editor.keys("G", "o")
    editor.lua(_FOLLOW)
    kept: list[float] = []
    while len(kept) < N_WANTED:
        n_taken = editor.lua("return #taken")
        editor.type(TYPED)
        ghost = editor.wait_for_ghost()
        editor.lua(_WAIT, n_taken + 1)
        for char in ghost.split("\n")[0][:-1]:
            n_taken, n_hits = editor.lua("return #taken"), editor.lua(_STATS)["cache_hits"]
            editor.type(char)
            # Neovim asks once for two changes that follow each other fast.
            if editor.lua(_WAIT, n_taken + 1) and editor.lua(_STATS)["cache_hits"] > n_hits:
                kept.append(editor.lua("return taken[#taken]"))
        editor.keys("Escape", "S")
    return kept


def _at_server(repository: Path, file: Path, text: str) -> list[float]:
    """Milliseconds from edit and request to the answer, of each that needed no engine."""
    uri, n_lines = file.as_uri(), text.count("\n")
    kept: list[float] = []
    command = [sys.executable, "-m", "sc2_lsp", "serve", "--set", "deadline_ms=60000"]
    with Client(command, {"PYTHONPATH": str(ROOT)}) as client:
        client.initialize(rootUri=repository.as_uri())
        client.open(uri, text)
        while len(kept) < N_WANTED:
            client.change(uri, _replace(n_lines, 0, 999, LINE))
            column = len(LINE)
            shown = client.complete(uri, n_lines, column)["items"][0]["insertText"]
            for char in shown.split("\n")[0][:-1]:
                n_hits, id_ = client.stats()["cache_hits"], f"{len(kept)}-{column}"
                edit = {
                    "textDocument": {"uri": uri, "version": 2},
                    "contentChanges": [_replace(n_lines, column, column, char)],
                }
                column += 1
                asked = request(id_, "textDocument/inlineCompletion", at(uri, n_lines, column))
                began_s = time.perf_counter()
                client.send(notification("textDocument/didChange", edit) + asked)
                client.inbox.wait_for(id=id_)
                taken_ms = (time.perf_counter() - began_s) * 1000
                if client.stats()["cache_hits"] > n_hits:
                    kept.append(taken_ms)
        client.shut_down()
    return kept


def _replace(line: int, start: int, end: int, text: str) -> Message:
    places = ({"line": line, "character": column} for column in (start, end))
    return {"range": dict(zip(("start", "end"), places, strict=True)), "text": text}


def _report(what: str, taken_ms: list[float]) -> None:
    ordered = sorted(taken_ms)
    p50, p95 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
    sys.stdout.write(
        f"{what}: {len(ordered)} answers that needed no engine, {N_LINES:,} lines: "
        f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {ordered[-1]:.1f} ms\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
