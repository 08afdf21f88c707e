"""What VS Code tells of accepted suggestions."""

from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.record import store
from sc2_lsp.record.entry import Fate
from tests.clients.vscode.conftest import SETTINGS, Open, begin, code_until, saved

pytestmark = [pytest.mark.editor, pytest.mark.timeout(900)]

SPOT = "content = self.content[:start] + replacement + self."
TYPED = f"        {SPOT}"


def test_what_was_accepted_is_recorded(
    open_: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(store.FOLDER_VARIABLE, str(tmp_path / "record"))
    window = open_(settings={**SETTINGS, "sc2.record": True})
    before = code_until(SPOT)
    suggested = begin(window, "tab.py", before, TYPED)
    window("press", key="Tab")
    assert saved(window, "tab.py") == before + TYPED + suggested
    open_.close()
    open_.windows.clear()
    entries = store.read(tmp_path / "record" / "record.db")
    assert [e.n_accepted for e in entries if e.fate is Fate.ACCEPTED] == [len(suggested)]
