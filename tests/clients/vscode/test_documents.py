"""Documents of every kind in VS Code: what is accepted arrives where it was shown."""

from __future__ import annotations

import pytest

from tests.clients.vscode.conftest import CODE, begin, code_until, saved
from tests.clients.vscode_window import Window

pytestmark = [pytest.mark.editor, pytest.mark.timeout(300)]

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
