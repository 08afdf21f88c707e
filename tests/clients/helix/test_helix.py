"""The suggestion in the menu of a real Helix, which has no inline completion."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.terminal import ROOT, Terminal, program

pytestmark = pytest.mark.editor

Open = Callable[..., Terminal]

# As docs/editors.md has it.
LANGUAGES = (ROOT / "docs" / "editors.md").read_text("utf-8").split("```toml\n")[1].split("```")[0]
CODE = (ROOT / "sc2_lsp" / "text.py").read_text("utf-8")
CODE = CODE[: CODE.index("    @property\n    def n_lines")]
METHOD = "    def line_start(self, line: int) -> int:\n"


@pytest.fixture
def open_(tmp_path: Path) -> Iterator[Open]:
    editors: list[Terminal] = []
    # A socket's path may not be long.
    with tempfile.TemporaryDirectory(prefix="sc2-helix-") as folder:

        def open_file(text: str, *settings: str) -> Terminal:
            (tmp_path / ".git").mkdir()
            file = tmp_path / "shapes.py"
            file.write_bytes(text.encode())
            home = Path(folder) / "home" / "helix"
            home.mkdir(parents=True)
            # Whatever loading the weights takes: Helix asks once.
            more = "".join(f', "--set", "{each}"' for each in ("deadline_ms=60000", *settings))
            languages = LANGUAGES.replace(
                '"completion_items=true"', f'"completion_items=true"{more}'
            )
            (home / "languages.toml").write_text(languages, "utf-8")
            (home / "config.toml").write_text("[editor]\nauto-pairs = false\n", "utf-8")
            os.mkfifo(home / "helix.log")
            names = ("CONFIG", "DATA", "STATE", "CACHE")
            environment = {f"XDG_{name}_HOME": str(home.parent) for name in names}
            command = [program("hx", "e2e-helix"), "-v", str(file)]
            editor = Terminal(Path(folder), command, environment, tmp_path)
            editors.append(editor)
            log = editor.follow(home / "helix.log")
            editor.wait(lambda: b'"method":"initialized"' in b"".join(log), "the server is ready")
            return editor

        yield open_file
        for editor in editors:
            editor.close()


def begin(editor: Terminal, typed: str, wanted: str) -> None:
    """Go to the end of the file, type, and wait for the entry, behind which Helix has its kind."""
    editor.wait(lambda: editor.row("NOR"), "the file")
    editor.keys("g", "e", "o")
    editor.type(typed)
    # By itself Helix asks behind letters only, this is its key for it.
    editor.keys("C-x")
    editor.wait(lambda: re.search(rf" {wanted} +text", "\n".join(editor.screen())), wanted)


def saved(editor: Terminal, file: Path) -> str:
    """What the file holds once it is written."""
    editor.keys("Escape")
    editor.wait(lambda: editor.row("NOR"), "normal mode")
    editor.type(":write")
    editor.keys("Enter")
    editor.wait(lambda: editor.row("' written, "), "it is saved")
    return file.read_bytes().decode()


def test_the_entry_is_inserted(open_: Open, tmp_path: Path) -> None:
    editor = open_(CODE + METHOD)
    begin(editor, "    return self.line_starts[li", r"line\]")
    editor.keys("Tab", "Enter")
    editor.wait(lambda: editor.row("line_starts[line]"), "the inserted text")
    assert saved(editor, tmp_path / "shapes.py").endswith("return self.line_starts[line]\n")


def test_typing_on_narrows_the_entry(open_: Open) -> None:
    editor = open_(CODE + METHOD)
    begin(editor, "    return self.line_starts[li", r"line\]")
    editor.type("ne")
    editor.wait(lambda: editor.row("line_starts[line"), "what was typed")
    editor.wait(lambda: re.search(r" line\] +text", "\n".join(editor.screen())), "the entry")
    editor.keys("Tab", "Enter")
    editor.wait(lambda: editor.row("line_starts[line]"), "the inserted text")


def test_several_lines_behind_wide_characters_in_a_file_with_crlf(
    open_: Open, tmp_path: Path
) -> None:
    text = CODE.replace("\n", "\r\n")
    editor = open_(text, "multiline=always")
    begin(editor, "if '😀é👩‍👩‍👧' in con", r"content\):? …")
    editor.keys("Tab", "Enter")
    editor.wait(lambda: not re.search(" text\n", "\n".join(editor.screen())), "no menu")
    written = saved(editor, tmp_path / "shapes.py")
    assert written.startswith(text)
    added = written.removeprefix(text)
    assert added.startswith("if '😀é👩‍👩‍👧' in content)")
    assert added.count("\r\n") == added.count("\n") == added.count("\r") > 1
