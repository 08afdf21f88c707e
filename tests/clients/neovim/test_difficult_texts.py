"""Texts that editors and servers count differently: accepted, undone and saved as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.neovim.driver import INIT, MORE_KEYS, MULTILINE, TYPED, Neovim, code_with

pytestmark = pytest.mark.editor

Open = Callable[..., Neovim]

METHOD = code_with("    def line_start(self, line: int) -> int:\n")
# Neovim's own settings for Python indent by blanks.
TABS = "vim.g.python_recommended_style = 0\n"
LONG_LINE = "data = '" + "some words and " * 4_000 + "'"
MANY_LINES = "".join(f"value_{number} = {number}\n" for number in range(50_000))

# The file, the keys that go to where it is typed, what is typed, and more of init.lua.
CASES: dict[str, tuple[bytes, str, str, str]] = {
    "plain": (METHOD.encode(), "Go", TYPED, ""),
    "CRLF": (METHOD.replace("\n", "\r\n").encode(), "Go", TYPED, ""),
    "CRLF, several lines": (
        code_with("").replace("\n", "\r\n").encode(),
        "Go",
        "def clamp(",
        MULTILINE,
    ),
    "CRLF and LF mixed": (METHOD.replace("\n", "\r\n", 9).encode(), "Go", TYPED, ""),
    "byte order mark": (b"\xef\xbb\xbf" + METHOD.encode(), "Go", TYPED, ""),
    "Latin-1": (
        METHOD.replace("line table", "table aussi appel\xe9e").encode("latin-1"),
        "Go",
        TYPED,
        "",
    ),
    "emoji of several characters": (METHOD.encode(), "Go", "s = '😀é👩‍👩‍👧'; " + TYPED, ""),
    "combining characters": (METHOD.encode(), "Go", "s = 'e\u0301n\u0303'; " + TYPED, ""),
    "Hebrew": (METHOD.encode(), "Go", "s = 'שלום'; " + TYPED, ""),
    "Arabic": (METHOD.encode(), "Go", "s = 'مرحبا'; " + TYPED, ""),
    "Chinese": (METHOD.encode(), "Go", "s = '你好'; " + TYPED, ""),
    "tabs": (METHOD.replace("    ", "\t").encode(), "Go", TYPED, TABS),
    "form feed and U+2028": (b"# \x0c \xe2\x80\xa8 \xc2\x85\n" + METHOD.encode(), "Go", TYPED, ""),
    "null character": (b"# \x00\n" + METHOD.encode(), "Go", TYPED, ""),
    "line of 60,000 characters above": (f"{LONG_LINE}\n{METHOD}".encode(), "Go", TYPED, ""),
    "line of 60,000 characters": (f"{METHOD}        {LONG_LINE}".encode(), "GA", "; " + TYPED, ""),
    "no end of line at the end": (METHOD.rstrip("\n").encode(), "GA", "\r" + TYPED, ""),
    "empty file": (b"", "i", "import ", ""),
    "inside a line": (METHOD.encode(), "gg/, (0, \ri", "[self.", ""),
    "50,000 lines": (MANY_LINES.encode() + METHOD.encode(), "Go", TYPED, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_a_suggestion_is_inserted_undone_and_saved(open_: Open, tmp_path: Path, case: str) -> None:
    content, keys, typed, init = CASES[case]
    editor = open_(content, INIT + MORE_KEYS + init)
    editor.wait_until_ready()
    # What Neovim makes of the file by itself is not the plugin's to answer for.
    editor.lua("vim.bo.fixendofline = false")
    editor.type(keys)
    editor.type(typed)
    ghost = editor.wait_for_ghost()
    assert "\r" not in ghost
    before = text_of(editor)
    row, column = editor.lua("return vim.api.nvim_win_get_cursor(0)")
    at = len("\n".join(before.split("\n")[: row - 1])) + (row > 1)
    line = before.split("\n")[row - 1]
    at += len(line.encode()[:column].decode())
    assert before[:at].endswith(typed.strip("\r")), "the cursor stands behind what was typed"

    editor.keys("C-l")
    accepted = before[:at] + ghost + before[at:]
    editor.wait(lambda: text_of(editor) == accepted, "the accepted text")
    editor.keys("Escape", "u")
    editor.wait(lambda: text_of(editor) == before, "what was typed")
    editor.keys("C-r")
    editor.wait(lambda: text_of(editor) == accepted, "the accepted text again")
    editor.type(":write\n")
    editor.wait(lambda: not editor.lua("return vim.bo.modified"), "the file is written")

    written = (tmp_path / "shapes.py").read_bytes()
    encoding = "latin-1" if case == "Latin-1" else "utf-8"
    line_end = "\r\n" if case.startswith("CRLF") and "mixed" not in case else "\n"
    start = "\ufeff" if case == "byte order mark" else ""
    end = line_end if editor.lua("return vim.bo.endofline") else ""
    assert written.decode(encoding) == start + accepted.replace("\n", line_end) + end


def text_of(editor: Neovim) -> str:
    # Neovim holds a null character as a line feed.
    return "\n".join(line.replace("\n", "\0") for line in editor.lines())
