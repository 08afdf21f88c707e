"""Records a session in a real Neovim: `python -m tests.clients.neovim.record FOLDER`.

Writes neovim.cast, which asciinema plays, neovim.gif, the same drawn with Pillow, and neovim.svg,
the screen while a suggestion is shown.
Nothing is staged but the keys: the suggestions are the bundled model's.
"""

from __future__ import annotations

import codecs
import json
import re
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.clients.animation import save_gif
from tests.clients.neovim.driver import INIT, MORE_KEYS, Neovim
from tests.clients.terminal import COLUMNS, ROOT

LOOKS = """
vim.o.ruler = false
vim.o.showmode = false
vim.api.nvim_set_hl(0, 'Normal', {})
vim.api.nvim_set_hl(0, 'ComplHint', { fg = '#8a94a6', italic = true })
"""
HEIGHT = 16
KEYSTROKE_S = 0.08
LOOK_S = 1.2


def main() -> None:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sc2-nvim-") as folder:
        repository = Path(folder) / "repository"
        (repository / ".git").mkdir(parents=True)
        file = repository / "text.py"
        code = (ROOT / "sc2_lsp" / "text.py").read_text("utf-8")
        file.write_text(code[: code.index("    def line_end(")], "utf-8")
        editor = Neovim(Path(folder), file, INIT + MORE_KEYS + LOOKS, HEIGHT)
        try:
            _record(editor, target)
        finally:
            editor.close()


class _Film:
    """Owns the screens of the session and how long each is looked at."""

    def __init__(self, editor: Neovim) -> None:
        self.frames: list[tuple[str, float]] = []
        self._editor = editor

    def look(self, seconds: float = LOOK_S) -> None:
        time.sleep(seconds)
        self.frames.append((self._editor.coloured_screen(), seconds))

    def type(self, text: str) -> None:
        for char in text:
            self._editor.type(char)
            self.look(KEYSTROKE_S)

    def keys(self, *names: str) -> None:
        self._editor.keys(*names)
        self.look()


def _record(editor: Neovim, target: Path) -> None:
    editor.wait_until_ready()
    editor.keys("G")
    began_s = time.monotonic()
    editor.keys("o")
    film = _Film(editor)
    film.type("    def line_end(self, line: int) -> int:")
    editor.keys("C-e", "Enter")
    film.type("return self.li")
    editor.wait_for_ghost()
    film.look()
    _save_screen(editor, target / "neovim.svg")
    film.keys("C-k")
    film.keys("C-l")
    editor.keys("Enter", "Enter", "C-d")
    film.type("def line(self, line: int) -> str:")
    editor.keys("C-e", "Enter")
    film.type("return self.content[")
    editor.wait_for_ghost()
    film.look()
    film.keys("C-l")
    film.look()
    _save_cast(editor, target / "neovim.cast", began_s)
    save_gif(film.frames, COLUMNS, target / "neovim.gif")


def _save_screen(editor: Neovim, path: Path) -> None:
    console = Console(record=True, width=COLUMNS, file=Path("/dev/null").open("w"))  # noqa: SIM115
    console.print(Text.from_ansi(editor.coloured_screen().rstrip("\n")), end="")
    # No page that shows it may have to fetch a font.
    drawn = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="Neovim"), flags=re.DOTALL)
    path.write_text("\n".join(row.rstrip() for row in drawn.splitlines()) + "\n", "utf-8")


def _save_cast(editor: Neovim, path: Path, began_s: float) -> None:
    header = {"version": 2, "width": COLUMNS, "height": HEIGHT, "title": "sc2-lsp in Neovim"}
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rows = [json.dumps(header)]
    for at_s, written in editor.output:
        # What came before is drawn at once.
        event = [round(max(at_s - began_s, 0.0), 3), "o", decoder.decode(written)]
        rows.append(json.dumps(event, ensure_ascii=False))
    path.write_text("\n".join(rows) + "\n", "utf-8")


if __name__ == "__main__":
    main()
