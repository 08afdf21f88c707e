"""`sc2-lsp bench` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.test_command import refused, run

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_synth_writes_a_model_that_completes(tmp_path: Path) -> None:
    model = tmp_path / "synthetic.gguf"
    done = run("bench", "synth", "--shape", "tiny", "--quant", "Q4_0", str(model))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{model}: 4 MB of random Q4_0 weights")
    file = tmp_path / "shapes.py"
    file.write_text("total = ", encoding="utf-8")
    suggested = run("complete", f"{file}:1:9", "--model", str(model), "--json")
    assert '"name": "synthetic-tiny"' in suggested.stdout, suggested.stderr


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("old.gguf", "exists already"),
        ("", "exists already"),
        ("nowhere/model.gguf", "cannot be written"),
    ],
)
def test_a_file_that_synth_does_not_write(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "old.gguf").write_bytes(b"old")
    assert says in refused("bench", "synth", "--shape", "tiny", str(tmp_path / name))
    assert (tmp_path / "old.gguf").read_bytes() == b"old"


def test_synth_replaces_a_file_only_by_force_and_a_folder_never(tmp_path: Path) -> None:
    model = tmp_path / "old.gguf"
    model.write_bytes(b"old")
    assert run("bench", "synth", "--shape", "tiny", "--force", str(model)).returncode == 0
    assert model.read_bytes()[:4] == b"GGUF"
    assert "is a folder" in refused("bench", "synth", "--shape", "tiny", "--force", str(tmp_path))


TYPING = ("bench", "typing", "--file", "sc2_lsp/text.py", "--pause-ms", "0")


def test_typing_reports_every_keystroke() -> None:
    file = ("--open", "sc2_lsp/domain.py", "--second-file", "sc2_lsp/ports.py")
    done = run(*TYPING, *file, "--line", "72", "--lines", "1", "--scenario", "mixed", "--json")
    assert done.returncode == 0, done.stderr
    (ours,) = json.loads(done.stdout)["contenders"]
    figures = ours["summary"]
    assert figures["n_keystrokes"] == len(ours["keystrokes"]) > 30
    assert figures["n_prompt_mean"] > 1000
    assert figures["n_generated"] > 0
    assert figures["cpu_s"] > 0
    assert {key["kind"] for key in ours["keystrokes"]} >= {"typed", "jump", "return"}


def test_typing_prints_a_table_and_stops_where_it_is_told() -> None:
    done = run(*TYPING, "--line", "72", "--keys", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[2].startswith("| sc2-lsp | 3 |")


def test_lines_without_a_char_are_nothing_to_type(tmp_path: Path) -> None:
    file = tmp_path / "blank.py"
    file.write_text("x = 1\n\n\n", encoding="utf-8")
    assert "Nothing is to be typed" in refused(
        "bench", "typing", "--file", str(file), "--line", "2", "--lines", "1"
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--line", "9000"), "lines 9000 to 9002 cannot be typed"),
        (("--line", "1", "--open", "missing.py"), "missing.py cannot be read"),
        (("--line", "1", "--set", "colour=blue"), "Unknown setting"),
        (("--line", "1", "--peer", "8012"), "NAME=http://HOST:PORT"),
        (("--line", "1", "--peer", "x=http://127.0.0.1:9"), "127.0.0.1:9 does not answer"),
        (("--line", "1", "--model", "missing.gguf"), "missing.gguf does not exist"),
    ],
)
def test_a_replay_that_cannot_be_done(options: tuple[str, ...], says: str) -> None:
    assert says in refused(*TYPING, *options)
