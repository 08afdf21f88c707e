"""Documents of every kind in VS Code: what is accepted arrives where it was shown."""

from __future__ import annotations

import json

import pytest

from tests.clients.vscode.conftest import CODE, Open, begin, code_until, repository, saved
from tests.clients.vscode_window import Window

pytestmark = [pytest.mark.editor, pytest.mark.timeout(900)]

SPOT = "return self.line_starts["
BEFORE = code_until(SPOT)


@pytest.mark.parametrize(
    "first",
    ["s = '😀é👩‍👩‍👧'; ", "s = 'שלום'; ", "s = 'e\u0301'; ", "s = '\t\t'; "],
    ids=["emoji", "right-to-left", "combining", "tabs"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_characters_before_the_cursor(
    window: Window, first: str, end: str, request: pytest.FixtureRequest
) -> None:
    name = f"{request.node.callspec.id}.py"
    before = BEFORE.replace("\n", end) + "        " + first
    suggested = begin(window, name, before, SPOT)
    window("press", key="Tab")
    assert saved(window, name) == before + SPOT + suggested


def test_lines_that_end_in_crlf(window: Window) -> None:
    before = f"# 😀 👩‍👩‍👧\n{CODE}\n\n".replace("\n", "\r\n")
    suggested = begin(window, "crlf.py", before, "def clamp(")
    assert "\n" in suggested
    window("press", key="Tab")
    accepted = suggested.replace("\n", "\r\n")
    assert saved(window, "crlf.py") == f"{before}def clamp({accepted}"


def test_a_file_of_50_000_lines(window: Window) -> None:
    before = "".join(f"value_{number} = {number}\n" for number in range(50_000)) + BEFORE
    suggested = begin(window, "long.py", before, f"        {SPOT}")
    window("press", key="Tab")
    assert saved(window, "long.py") == f"{before}        {SPOT}{suggested}"


def test_a_file_that_was_deleted_meanwhile(window: Window) -> None:
    suggested = begin(window, "gone.py", BEFORE, f"        {SPOT[:-1]}")
    (window.folder / "gone.py").unlink()
    window("appears", selector=".tab.active .strikethrough")
    window("type", text="[")
    again = window("ghost")
    assert again
    assert suggested != again
    window("press", key="Tab")
    assert saved(window, "gone.py") == f"{BEFORE}        {SPOT}{again}"


def test_a_file_that_is_not_saved_yet(window: Window) -> None:
    window("press", key="Control+Alt+KeyN")
    window("tab", name="Untitled-1")
    window("insert", text=CODE + "\n\n")
    # VS Code guesses the language, opens the text anew in it and asks no more until one types.
    window("appears", selector="[id='status.editor.mode'] a", text="Python")
    window("insert", text="def indentation(line: str) -> ")
    suggested = window("ghost")
    window("press", key="Tab")
    window("shows", text="def indentation(line: str) -> " + suggested.split("\n")[0])


def test_a_cell_of_a_notebook(window: Window) -> None:
    cells = [
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": text,
        }
        for text in (CODE.splitlines(keepends=True), [])
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell{number}"
    notebook = {
        "cells": cells,
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (window.folder / "book.ipynb").write_text(json.dumps(notebook), "utf-8")
    window("file", name="book.ipynb")
    window("press", key="ArrowDown")
    window("press", key="Enter")
    window("appears", selector=".notebook-editor .focused .monaco-editor.focused")
    window("insert", text="def indentation(line: str) -> ")
    suggested = window("ghost")
    window("press", key="Tab")
    written = json.loads(saved(window, "book.ipynb"))
    typed = "".join(written["cells"][-1]["source"])
    assert typed == "def indentation(line: str) -> " + suggested


def test_folders_side_by_side(open_: Open) -> None:
    for name in ("one", "other"):
        repository(open_.folder / name)
    (open_.folder / "other" / "second.py").write_text(BEFORE, "utf-8")
    both = open_.folder / "both.code-workspace"
    both.write_text(json.dumps({"folders": [{"path": "one"}, {"path": "other"}]}))
    window = open_(both)
    window("quick", text="second.py", label="second.py")
    window("tab", name="second.py")
    window("press", key="Control+End")
    window("insert", text=f"        {SPOT}")
    suggested = window("ghost")
    window("press", key="Tab")
    assert saved(window, "other/second.py") == f"{BEFORE}        {SPOT}{suggested}"
