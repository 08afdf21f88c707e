"""`sc2-quantize run` on the bundled model's own checkpoint, a model that has learned something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sc2_lsp.models import BUNDLED_MODEL
from tests.quantize.conftest import ROOT, Command
from tests.support.bundled_checkpoint import write_bundled_checkpoint

SOURCES = ROOT / "sc2_lsp" / "prompt"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_checkpoint_to_a_verified_file(tmp_path: Path, command: Command) -> None:
    checkpoint = write_bundled_checkpoint(tmp_path / "sc2-tiny")
    done = command(
        *("run", checkpoint, tmp_path / "out", "--type", "Q4_K_M", "--dtype", "f32"),
        *("--corpus", SOURCES, "--imatrix", "--imatrix-chunks", 2, "--verify-chunks", 2),
        *("--completions", 4, "--threads", 1),
    )
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "out" / "sc2-tiny-Q4_K_M.manifest.json").read_text())
    figures = manifest["figures"]
    assert figures["perplexity_a"] < 100
    assert figures["kl_mean"] < 0.03
    assert figures["same_top"] > 0.88
    # What was converted is the bundled model again, so nothing was lost on the way there and back.
    same = command(
        *("verify", tmp_path / "out" / "sc2-tiny-F32.gguf", BUNDLED_MODEL, "--corpus", SOURCES),
        *("--chunks", 2, "--completions", 0, "--threads", 1, "--max-kl", 0.002, "--json"),
    )
    assert same.exit_code == 0, same.output
