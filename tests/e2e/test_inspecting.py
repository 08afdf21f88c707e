"""`sc2-lsp context` and `sc2-lsp index` as a user runs them in a repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sc2_lsp.index import place

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 100
SHAPES = '"""Shapes."""\n\n\ndef area_of_circle(radius: float) -> float:\n    return 3 * radius\n'
MAIN = "from pkg.shapes import area_of_circle\n\n\ntotal = area_of_circle("
AT_CALL = "main.py:4:24"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that is the current folder, and whose index is in a folder of its own."""
    root = tmp_path / "repository"
    (root / "pkg").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "pkg" / "shapes.py").write_text(SHAPES)
    (root / "main.py").write_text(MAIN)
    monkeypatch.setenv(place.FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.chdir(root)
    return root


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sc2_lsp", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )


def as_json(*arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def refused(*arguments: str, **env: str) -> str:
    done = run(*arguments, **env)
    assert (done.returncode, done.stdout) == (2, "")
    (message,) = done.stderr.strip().splitlines()
    return message


def test_a_context_says_what_is_shown_and_why(repository: Path) -> None:
    context = as_json("context", AT_CALL)
    assert set(context) == {"snippets", "n_tokens", "budget"}
    (shapes,) = [s for s in context["snippets"] if "def area_of_circle" in s["text"]]
    assert set(shapes) == {"path", "start_line", "text", "source", "reason", "n_tokens"}
    assert shapes["path"] == "pkg/shapes.py"
    assert "radius: float" in shapes["text"]
    assert 1 <= shapes["start_line"] <= 4
    assert shapes["source"]
    assert shapes["reason"]
    assert context["n_tokens"] == sum(s["n_tokens"] for s in context["snippets"])
    assert 0 < context["n_tokens"] <= context["budget"] == 1024


def test_a_context_can_be_read_as_a_table(repository: Path) -> None:
    done = run("context", AT_CALL)
    (row,) = [line for line in done.stdout.splitlines() if "pkg/shapes.py" in line]
    assert row.split()[1].partition("-")[0].isdigit()
    context = as_json("context", AT_CALL)
    last = done.stdout.strip().splitlines()[-1]
    n_snippets = len(context["snippets"])
    assert last == f"{n_snippets} snippets of other files, {context['n_tokens']:,} of 1,024 tokens."


@pytest.mark.parametrize("budget", [10, 3000])
def test_a_budget_is_kept(repository: Path, budget: int) -> None:
    context = as_json("context", AT_CALL, "--budget", str(budget))
    assert context["n_tokens"] <= context["budget"] == budget
    assert bool(context["snippets"]) == (budget >= 40)


def test_a_completion_from_the_command_line_knows_the_same(repository: Path) -> None:
    prompt = run("complete", AT_CALL, "--show-prompt").stdout
    assert "<file_sep>pkg/shapes.py\n" in prompt
    alone = run("complete", AT_CALL, "--show-prompt", "--set", "index=off").stdout
    assert "pkg/shapes.py" not in alone
    assert as_json("context", AT_CALL, "--set", "index=off")["snippets"] == []


def test_a_place_is_found_from_any_folder(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "pkg")
    context = as_json("context", f"../{AT_CALL}")
    assert "pkg/shapes.py" in {snippet["path"] for snippet in context["snippets"]}
    assert as_json("index")["root"] == str(repository)


def test_what_changed_since_is_known(repository: Path) -> None:
    as_json("context", AT_CALL)
    (repository / "pkg" / "shapes.py").write_text(SHAPES.replace("radius", "diameter"))
    texts = [snippet["text"] for snippet in as_json("context", AT_CALL)["snippets"]]
    assert "diameter: float" in "".join(texts)
    assert "radius: float" not in "".join(texts)


def test_a_place_that_does_not_exist(repository: Path) -> None:
    assert "no line 9" in refused("context", "main.py:9:1")
    assert "FILE:LINE:COL" in refused("context", "main.py")
    assert "cannot be read" in refused("context", "nothing.py:1:1")


def test_an_index_says_what_is_in_it_and_what_is_not(repository: Path) -> None:
    (repository / ".gitignore").write_text("ignored.py\n")
    for name in ("ignored.py", ".env", "query.sql"):
        (repository / name).write_text("select 1;\n")
    index = as_json("index")
    assert index["root"] == str(repository)
    assert index["state"] == "ready"
    assert index["languages"]["python"] == 2
    assert index["languages"]["sql"] == 1
    assert index["skipped"].items() >= {"ignored": 1, "may hold secrets": 1}.items()
    assert index["n_files"] == sum(index["languages"].values())
    assert index["disk_bytes"] >= Path(index["database"]).stat().st_size > 0
    assert 0 <= index["age_s"] < TIMEOUT_S
    assert index["problem"] == ""

    table = run("index").stdout
    for shown in (str(repository), "python 2", "ignored 1", "looked at just now"):
        assert shown in table


def test_an_index_is_kept_and_can_be_built_anew(repository: Path) -> None:
    before = as_json("index")
    database = Path(before["database"])
    database.write_bytes(b"broken")
    assert as_json("index")["n_files"] == before["n_files"]
    again = as_json("index", str(repository), "--rebuild")
    assert (again["n_files"], again["state"]) == (before["n_files"], "ready")


def test_what_is_no_repository_is_not_indexed(repository: Path) -> None:
    home = {"HOME": str(repository), "USERPROFILE": str(repository)}
    assert "is not indexed: name the folder of a repository" in refused("index", **home)
    assert "main.py is no folder" in refused("index", "main.py")
    assert "index=off" in refused("index", "--set", "index=off")
    assert run("context", AT_CALL, **home).stdout.startswith("0 snippets")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_folder_whose_name_is_not_utf8_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"not\xffutf-8")
    folder.mkdir()
    assert "as its name is not UTF-8: rename it" in refused("index", str(folder))
