"""Suggestions are shown and accepted as VS Code does it, with the real server and its model."""

from __future__ import annotations

import pytest

from tests.clients.vscode.conftest import CODE, SETTINGS, begin, code_until, saved
from tests.clients.vscode_window import Window

pytestmark = [pytest.mark.editor, pytest.mark.timeout(900)]

WITH = {**SETTINGS, "editor.wordBasedSuggestions": "currentDocument"}
SPOT = "content = self.content[:start] + replacement + self."
TYPED = f"        {SPOT}"
LONG = 5
LINES = "def clamp("


def test_tab_inserts_the_suggestion_and_undo_takes_it_back(window: Window) -> None:
    before = code_until(SPOT)
    suggested = begin(window, "tab.py", before, TYPED)
    assert len(suggested) > LONG

    window("press", key="Tab")
    assert saved(window, "tab.py") == before + TYPED + suggested

    window("press", key="Control+KeyZ")
    assert saved(window, "tab.py") == before + TYPED


def test_the_next_word_is_accepted_and_the_rest_stays(window: Window) -> None:
    before = code_until(SPOT)
    suggested = begin(window, "word.py", before, TYPED)
    window("press", key="Control+ArrowRight")
    window("shows", text=f"{SPOT}content")
    assert suggested.startswith("content")
    window("ghostIs", text=suggested.removeprefix("content"))
    assert saved(window, "word.py") == f"{before}{TYPED}content"


def test_the_next_line_is_accepted_and_the_rest_stays(window: Window) -> None:
    before, typed = f"{CODE}\n\n", "def unindented(line: str) -> "
    suggested = begin(window, "line.py", before, typed)
    first, rest = suggested.split("\n", 1)
    assert first
    window("click", selector=".inlineSuggestionsHints .codicon-toolbar-more")
    window("appears", selector=".action-menu-item", text="Accept Line")
    window("press", key="ArrowDown")
    window("press", key="Enter")
    # With a line goes its end.
    assert window("ghost", **{"not": suggested}) == rest
    assert saved(window, "line.py") == f"{before}{typed}{first}\n"


def test_a_key_asks_for_alternatives(window: Window) -> None:
    before = f"{CODE}\n\n"
    begin(window, "others.py", before, LINES)
    window("press", key="Escape")
    window("noGhost")
    window("press", key="Alt+Backslash")
    seen = [window("ghost")]
    n_offered = int(window("textOf", selector=".availableSuggestionCount").removeprefix("1/"))
    assert n_offered > 1
    for number in range(2, n_offered + 1):
        window("press", key="Alt+BracketRight")
        shown = f"{number}/{n_offered}"
        window("appears", selector=".availableSuggestionCount", text=shown)
        seen.append(window("ghost", **{"not": seen[-1]}))
    assert len(set(seen)) == len(seen)

    window("press", key="Tab")
    assert saved(window, "others.py") == before + LINES + seen[-1]


def test_a_suggestion_stands_beside_the_list_of_completions(window: Window) -> None:
    before = code_until(SPOT)
    begin(window, "list.py", before, TYPED + "con")
    window("press", key="Control+Space")
    assert "content" in window("suggestions")
    ghost = window("ghost")
    assert ghost.startswith("tent"), "what is listed is filled in first"
    window("press", key="Tab")
    after = saved(window, "list.py")
    assert after.startswith(f"{before}{TYPED}content")
