"""Measures what server and client add: `python -m tests.clients.neovim.latency`.

In a real Neovim with a file of 10,000 lines, what is suggested is typed character by character:
such an answer needs no engine, so that from Neovim's request to the ghost text all the time is the
server's and the client's. Neovim's own pause before a request, 200 ms, is not in it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.clients.neovim.driver import INIT, MORE_KEYS, Neovim
from tests.clients.terminal import ROOT

N_LINES = 10_000
N_WANTED = 100
TYPED = "return self.line_starts["

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
    code = (ROOT / "sc2_lsp" / "text.py").read_text("utf-8")
    part = code[: code.index("    @property\n    def n_lines")]
    filler = "".join(f"value_{number} = {number}\n" for number in range(N_LINES))
    with tempfile.TemporaryDirectory(prefix="sc2-nvim-") as folder:
        repository = Path(folder) / "repository"
        (repository / ".git").mkdir(parents=True)
        file = repository / "shapes.py"
        file.write_text(f"{filler}{part}    def line_start(self, line: int) -> int:\n", "utf-8")
        editor = Neovim(Path(folder), file, INIT + MORE_KEYS)
        try:
            _report(_measure(editor))
        finally:
            editor.close()


def _measure(editor: Neovim) -> list[float]:
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


def _report(taken_ms: list[float]) -> None:
    ordered = sorted(taken_ms)
    p50, p95 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
    sys.stdout.write(
        f"{len(ordered)} answers that needed no engine, {N_LINES:,} lines: from request to ghost "
        f"text p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {ordered[-1]:.1f} ms\n"
    )


if __name__ == "__main__":
    main()
