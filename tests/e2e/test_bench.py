"""`sc2-lsp bench` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_command import refused, run

pytestmark = pytest.mark.e2e


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
