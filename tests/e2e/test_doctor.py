"""`sc2-lsp doctor` of a user with folders of their own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sc2_lsp.models import BUNDLED_MODEL
from tests.support.command import Command

GONE = """
import os, sys, tempfile
from sc2_lsp.__main__ import main
folder = tempfile.mkdtemp()
os.chdir(folder)
os.rmdir(folder)
main()
"""

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path, HOME=str(tmp_path))


def test_a_machine_where_all_works(command: Command) -> None:
    report = json.loads(command.done("doctor", "--json"))
    checks = {check["name"]: check for check in report["checks"]}
    assert report["state"] in ("ok", "warn")
    assert all(set(check) == {"name", "state", "found", "advice"} for check in report["checks"])
    assert all(bool(check["advice"]) == (check["state"] != "ok") for check in report["checks"])
    for name in ("python", "llama.cpp", "model file", "speed", "index", "endpoint"):
        assert checks[name]["state"] == "ok", checks[name]
    assert "tokens a second" in checks["speed"]["found"]


def test_what_does_not_work_is_said_with_what_to_do(command: Command, tmp_path: Path) -> None:
    damaged = tmp_path / "model.gguf"
    damaged.write_bytes(BUNDLED_MODEL.read_bytes()[:-50_000])
    done = command.run("doctor", "--model", str(damaged), "--set", "max_token=1")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "Unknown setting 'sc2.max_token'" in done.stdout
    (model,) = [line for line in done.stdout.splitlines() if line.startswith("fail  model file")]
    assert str(damaged) in model
    assert done.stdout.splitlines()[-1].endswith("2 failures.")


@pytest.mark.skipif(os.name == "nt", reason="a folder that is in use cannot be removed there")
@pytest.mark.parametrize("model", [(), ("--model", "mine.gguf"), ("--set", "model=mine.gguf")])
def test_from_a_folder_that_is_gone(command: Command, model: tuple[str, ...]) -> None:
    command.program = ("-c", GONE)
    done = command.run("doctor", "--json", *model)
    assert "Traceback" not in done.stderr
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    for name in ("index", "watch"):
        assert "is gone" in checks[name]["found"]
    if "--model" in model:
        assert "nobody knows where mine.gguf is" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="a folder that is in use cannot be removed there")
def test_a_model_of_a_folder_that_is_gone(command: Command) -> None:
    command.program = ("-c", GONE)
    assert "is gone" in command.refused("serve", "--model", "mine.gguf")


def test_an_address_with_a_char_that_cannot_be_seen(command: Command) -> None:
    done = command.run("doctor", "--json", "--set", "endpoint=https://models.example.org\u200b")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (found,) = [
        check["found"]
        for check in json.loads(done.stdout)["checks"]
        if check["name"] == "endpoint" and check["state"] == "fail"
    ]
    assert r"'https://models.example.org\u200b', which is no address" in found


def test_a_user_without_a_home_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    folder = str(tmp_path / "taken")
    command = Command(tmp_path, HOME=str(tmp_path), SC2_LSP_CONFIG_DIR=folder)
    done = command.run("doctor")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert f"{os.sep}taken is no folder" in done.stdout
