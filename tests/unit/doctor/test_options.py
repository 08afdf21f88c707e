from __future__ import annotations

from pathlib import Path

from sc2_lsp.doctor.check import State
from sc2_lsp.doctor.options import named_wrongly
from tests.support.situations import situation

VSCODE = """{
  // "sc2.commented": 1,
  "editor.fontSize": 12,
  "sc2.max_token": 64,
  "sc2.max_lines": 4,
  "sc2.vscode.serverPath": "/x",
}
"""


def test_none(tmp_path: Path) -> None:
    (check,) = named_wrongly(situation(tmp_path))
    assert check.state is State.OK


def test_one_of_the_command_line(tmp_path: Path) -> None:
    complaint = "Unknown setting 'sc2.max_token' is ignored."
    (check,) = named_wrongly(situation(tmp_path, complaints=(complaint,)))
    assert (check.state, check.found) == (State.FAIL, complaint)
    assert check.advice == "Perhaps max_tokens is meant."


def test_one_of_the_command_line_that_cannot_have_its_value(tmp_path: Path) -> None:
    complaint = "Setting 'sc2.max_tokens' cannot be 'x' and stays 96: no number."
    (check,) = named_wrongly(situation(tmp_path, complaints=(complaint,)))
    assert "table in the README" in check.advice


def test_a_variable_that_means_nothing(tmp_path: Path) -> None:
    environment = {"SC2_LSP_MODLE": "x", "SC2_LSP_MODEL": "y", "OTHER": "z"}
    (check,) = named_wrongly(situation(tmp_path, environment=environment))
    assert check.state is State.WARN
    assert "SC2_LSP_MODLE" in check.found
    assert check.advice == "Perhaps SC2_LSP_MODEL is meant."


def test_one_in_the_file_of_vscode(tmp_path: Path) -> None:
    file = tmp_path / ".config" / "Code" / "User" / "settings.json"
    file.parent.mkdir(parents=True)
    file.write_text(VSCODE)
    (check,) = named_wrongly(situation(tmp_path))
    assert check.found == f"{file} names 'sc2.max_token', which is no setting."
    assert check.advice == "Perhaps max_tokens is meant."
