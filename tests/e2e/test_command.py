"""The `sc2-lsp` command as a user runs it: a process of its own, the bundled model, no network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sc2_lsp import __version__
from sc2_lsp.models import BUNDLED_MODEL

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 100


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sc2_lsp", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )


def refused(*arguments: str) -> str:
    """What the command says on stderr as it refuses; asserts that it does so in one sentence."""
    done = run(*arguments)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    message = done.stderr.strip()
    assert message
    assert "\n" not in message
    return message


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shapes.py"
    path.write_text(
        "def area(width, height):\n    return width * height\n\n\ntotal = area(\n", encoding="utf-8"
    )
    return path


def test_version() -> None:
    assert run("--version").stdout == f"sc2-lsp {__version__}\n"


def test_complete_prints_suggestion_tokens_and_timings_of_a_file_of_this_repository() -> None:
    done = run("complete", "sc2_lsp/text.py:20:8", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["model"]["name"] == "sc2-tiny"
    assert result["file"] == "sc2_lsp/text.py"
    assert result["tokens"]["prompt"] == result["tokens"]["prompt_evaluated"] > 200
    assert set(result["timings_ms"]) == {"load", "prompt", "generate", "complete"}
    assert all(value >= 0 for value in result["timings_ms"].values())
    assert (result["suggestion"] is None) == (result["reason"] is not None)


def test_complete_prints_the_suggestion_alone(file: Path) -> None:
    place = f"{file}:5:14"
    suggestion = json.loads(run("complete", place, "--json").stdout)["suggestion"]
    assert suggestion
    assert run("complete", place).stdout == suggestion + "\n"


def test_show_prompt_prints_the_control_tokens(file: Path) -> None:
    shown = run("complete", f"{file}:5:14", "--show-prompt", "--set", "layout=psm").stdout
    assert shown.startswith(
        f"<repo_name>{file.parent.name}<file_sep><fim_prefix>shapes.py\n"
        "def area(width, height):\n    return width * height\n\n\n"
        "total = area(<fim_suffix>\n<fim_middle>"
    )


def test_crlf_and_emoji_count_as_characters(tmp_path: Path) -> None:
    path = tmp_path / "emoji.py"
    path.write_bytes("a = '😀'\r\nb = len(a".encode())
    shown = run("complete", f"{path}:2:10", "--show-prompt", "--set", "layout=psm").stdout
    assert "a = '😀'\nb = len(a<fim_suffix><fim_middle>" in shown


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("shapes.py", "FILE:LINE:COL"),
        ("shapes.py:0:1", "counting from 1"),
        ("missing.py:1:1", "cannot be read"),
        ("{file}:9:1", "no line 9"),
        ("{file}:2:99", "no column 99"),
        ("{file.parent}:1:1", "cannot be read"),
    ],
)
def test_a_place_that_does_not_exist(file: Path, place: str, says: str) -> None:
    assert says in refused("complete", place.format(file=file))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "image.py"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff")
    assert "not UTF-8" in refused("complete", f"{path}:1:1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--model", "missing.gguf"), "does not exist"),
        (("--model", "README.md"), "not a GGUF file"),
        (("--set", "n_ctx=1"), "'sc2.n_ctx'"),
        (("--set", "colour=blue"), "Unknown setting"),
        (("--set", "n_ctx"), "NAME=VALUE"),
    ],
)
def test_options_that_cannot_be_used(file: Path, arguments: tuple[str, ...], says: str) -> None:
    assert says in refused("complete", f"{file}:1:1", *arguments)


def test_a_damaged_model_is_named(file: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(BUNDLED_MODEL.read_bytes()[:-50_000])
    message = refused("complete", f"{file}:1:1", "--model", str(damaged))
    assert str(damaged) in message
    assert "cannot be loaded" in message


def test_the_demo_prints_at_least_three_suggestions() -> None:
    done = run("demo")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("«") >= 3
    assert "prompt tokens evaluated" in done.stdout


def test_the_demo_with_a_model_that_is_missing_says_so() -> None:
    done = run("demo", "--model", "missing.gguf")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "missing.gguf does not exist" in done.stdout + done.stderr


@pytest.mark.parametrize("address", ["4000", "localhost:", "localhost:http", "localhost:99999"])
def test_an_address_that_is_none(address: str) -> None:
    assert "HOST:PORT" in refused("serve", "--tcp", address)
