"""The report of the tests in real editors says what failed and what was not run."""

from __future__ import annotations

from pathlib import Path

from tests.clients.report import main

REPORT = """<testsuites><testsuite name="pytest" errors="0" failures="1" skipped="0" tests="2" \
time="61.4"><testcase name="test_a_word_is_accepted[x]" time="1"/><testcase name="test_health" \
time="2"><failure message="no">no</failure></testcase></testsuite></testsuites>"""


def test_what_failed_and_what_was_not_run(tmp_path: Path) -> None:
    (tmp_path / "neovim.xml").write_text(REPORT, "utf-8")
    assert main([str(tmp_path), str(tmp_path / "e2e.md")]) == 0
    text = (tmp_path / "e2e.md").read_text("utf-8")
    assert "| Neovim | 2 | 1 | 1 | 0 | 61 s |" in text
    assert "| VS Code | not run |" in text
    assert text.endswith("## Neovim\n\n- a word is accepted[x]\n- health: **failure**\n")
