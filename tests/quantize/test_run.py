"""`sc2-quantize run`: what comes out, what is not done twice, and that no kill spoils anything."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quantize.gguf_header import read_header
from tests.quantize.conftest import ROOT, Command
from tests.support.checkpoints import Recipe, make_checkpoint

SOURCES = ROOT / "sc2_lsp" / "prompt"
OPTIONS = (
    *("--type", "Q4_K_M", "--corpus", SOURCES, "--imatrix", "--imatrix-chunks", 1),
    *("--verify-chunks", 1, "--completions", 1, "--threads", 1),
)
NAMES = {
    "small-BF16.gguf",
    "small.imatrix.gguf",
    "small-Q4_K_M.gguf",
    "small-Q4_K_M.verify.json",
    "small-Q4_K_M.verify.html",
    "small-Q4_K_M.manifest.json",
}
RECIPE = Recipe("small", n_embd=256, n_ff=512, n_files=2)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint") / "small", RECIPE)


def hashes(folder: Path) -> dict[str, str]:
    """The files that anybody may take for finished ones."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if not path.name.startswith(".") and not path.name.endswith(".checkpoint")
    }


def test_it_converts_measures_quantizes_and_verifies(
    checkpoint: Path, tmp_path: Path, command: Command
) -> None:
    done = command("run", checkpoint, tmp_path, *OPTIONS, "--licence", "openrail")
    assert done.exit_code == 0, done.output
    assert hashes(tmp_path).keys() == NAMES
    assert "| completed exactly as A does" in done.stdout
    manifest = json.loads((tmp_path / "small-Q4_K_M.manifest.json").read_text())
    found = hashes(tmp_path)
    assert {name: entry["sha256"] for name, entry in manifest["outputs"].items()} == {
        name: digest for name, digest in found.items() if "manifest" not in name
    }
    sources = {path.name: path.read_bytes() for path in checkpoint.iterdir()}
    assert manifest["source"]["license"] == "openrail"
    assert manifest["source"]["sha256"] == {
        name: hashlib.sha256(data).hexdigest()
        for name, data in sources.items()
        if not name.endswith("index.json")
    }
    assert manifest["options"]["type"] == "Q4_K_M"
    assert manifest["figures"]["n_tokens"] == 255
    assert set(manifest["versions"]) == {"sc2-quantize", "llama-cpp-python", "gguf"}
    metadata = read_header(tmp_path / "small-Q4_K_M.gguf").metadata
    assert metadata["tokenizer.ggml.fim_sep_token_id"] == 6
    assert metadata["quantize.imatrix.file"] == "small.imatrix.gguf"
    assert str(tmp_path) not in (tmp_path / "small-Q4_K_M.manifest.json").read_text()


def test_what_is_done_is_not_done_again_unless_it_changed(
    checkpoint: Path, tmp_path: Path, command: Command
) -> None:
    def times() -> dict[str, int]:
        return {
            path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.name in NAMES
        }

    plain = ("--type", "Q4_0", "--threads", 1)
    first = command("run", checkpoint, tmp_path, *plain)
    assert "Nothing was verified: name a folder of code with --corpus DIR." in first.stderr
    converted = (tmp_path / "small-BF16.gguf").stat().st_mtime_ns
    quantized = (tmp_path / "small-Q4_0.gguf").stat().st_mtime_ns
    # The same again, and another type beside it: nothing is converted twice.
    assert command("run", checkpoint, tmp_path, *plain).exit_code == 0
    assert command("run", checkpoint, tmp_path, "--type", "Q8_0").exit_code == 0
    assert (tmp_path / "small-BF16.gguf").stat().st_mtime_ns == converted
    assert (tmp_path / "small-Q4_0.gguf").stat().st_mtime_ns == quantized
    # Another wish, and a file that somebody has touched, are made again.
    assert command("run", checkpoint, tmp_path, *plain, "--tensor", "attn_v=Q8_0").exit_code == 0
    assert (tmp_path / "small-Q4_0.gguf").stat().st_mtime_ns != quantized
    whole = (tmp_path / "small-BF16.gguf").read_bytes()
    (tmp_path / "small-BF16.gguf").write_bytes(whole[:1000])
    assert command("run", checkpoint, tmp_path, "--type", "Q8_0").exit_code == 0
    assert (tmp_path / "small-BF16.gguf").read_bytes() == whole


def test_wrong_wishes_are_one_sentence(checkpoint: Path, tmp_path: Path, command: Command) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "small-BF16.gguf").write_text("mine")
    (tmp_path / "file").write_text("x")
    for source, folder, options, complaint in (
        (checkpoint, "out", ["--type", "Q4_0", "--imatrix"], "--imatrix needs code to measure"),
        (checkpoint, "out", ["--type", "IQ1_S"], "IQ1_S needs an importance matrix"),
        (checkpoint, "out", ["--type", "Q4_0", "--corpus", "no/code"], "no/code is no folder"),
        (checkpoint, "out", ["--type", "BF16"], "BF16 is what converting gives already"),
        (checkpoint, "file", ["--type", "Q4_0"], "file cannot be made"),
        (checkpoint, "foreign", ["--type", "Q4_0"], "is not of an earlier run of this command"),
        (tmp_path / "none", "out", ["--type", "Q4_0"], "does not exist"),
    ):
        done = command("run", source, tmp_path / folder, *options)
        assert (done.exit_code, complaint in done.output) == (2, True), done.output
        assert len(done.output.strip().splitlines()) == 1
    assert (foreign / "small-BF16.gguf").read_text() == "mine"


def start(checkpoint: Path, folder: Path) -> subprocess.Popen[bytes]:
    program = "from quantize.__main__ import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, ("run", checkpoint, folder, *OPTIONS))],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )


def kill_and_restart(checkpoint: Path, tmp_path: Path, n_times: int, seed: int) -> None:
    started_s = time.monotonic()
    assert start(checkpoint, tmp_path / "whole").wait() == 0
    takes_s = time.monotonic() - started_s
    expected = hashes(tmp_path / "whole")
    assert expected.keys() == NAMES
    moments = random.Random(seed)
    for attempt in range(n_times):
        folder = tmp_path / str(attempt)
        while not was_killed(checkpoint, folder, moment_s := moments.uniform(0, takes_s)):
            # It was quicker than the first time: the machine has less to do now.
            takes_s = moment_s
            shutil.rmtree(folder)
        left = hashes(folder) if folder.exists() else {}
        assert left.items() <= expected.items(), "a file under its final name is not whole"
        assert start(checkpoint, folder).wait() == 0
        assert hashes(folder) == expected
        hidden = {path.name for path in folder.iterdir()} - NAMES
        assert hidden == {".small.run.json"}, "a part of a file was left"


def was_killed(checkpoint: Path, folder: Path, moment_s: float) -> bool:
    """Start a run and kill it at the moment; False if it had ended by then."""
    process = start(checkpoint, folder)
    try:
        assert process.wait(moment_s) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


@pytest.mark.timeout(600)
def test_kills_at_random_moments_spoil_nothing(checkpoint: Path, tmp_path: Path) -> None:
    kill_and_restart(checkpoint, tmp_path, n_times=3, seed=4)


@pytest.mark.reference
@pytest.mark.timeout(1200)
def test_twenty_kills_at_random_moments_spoil_nothing(checkpoint: Path, tmp_path: Path) -> None:
    kill_and_restart(checkpoint, tmp_path, n_times=20, seed=5)
