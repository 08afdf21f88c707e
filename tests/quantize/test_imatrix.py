"""`sc2-quantize imatrix`: the values, going on after a stop, and what the file gives away."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from quantize import imatrix, imatrix_file
from quantize.imatrix import Sample
from tests.quantize.conftest import ROOT, Command, Tool
from tests.quantize.random_models import tensors

SOURCES = ROOT / "sc2_lsp" / "prompt"


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "code.txt"
    code = (source.read_text(encoding="utf-8") for source in sorted(SOURCES.glob("*.py")))
    path.write_text("".join(code), encoding="utf-8")
    return path


def test_it_is_made_of_code_and_gives_nothing_of_it_away(
    model: Path, tmp_path: Path, command: Command
) -> None:
    target = tmp_path / "code.imatrix.gguf"
    done = command("imatrix", model, "-o", target, "--corpus", SOURCES, "--chunks", 3)
    assert done.exit_code == 0, done.output
    assert "12 matrices, from 3 chunks of 512 tokens." in done.output
    reader = gguf.GGUFReader(target)
    assert {name: field.contents() for name, field in reader.fields.items()} == {
        "GGUF.version": 3,
        "GGUF.tensor_count": 24,
        "GGUF.kv_count": 4,
        "general.type": "imatrix",
        "imatrix.datasets": ["code, 1536 tokens"],
        "imatrix.chunk_count": 3,
        "imatrix.chunk_size": 512,
    }
    importance = imatrix_file.read(target)
    matrices = {name for name, (kind, _) in tensors(model).items() if kind == "F16"}
    assert importance.sums.keys() == matrices - {"token_embd.weight"}
    assert set(importance.counts.values()) == {1536}
    for name, sums in importance.sums.items():
        assert sums.size == (512 if "ffn_down" in name else 256)
        assert (sums > 0).all()
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    used = command("quantize", model, tmp_path / "q.gguf", "--type", "IQ4_XS", "--imatrix", target)
    assert used.exit_code == 0, used.output


def test_a_stopped_run_goes_on_and_ends_with_the_same_file(model: Path, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop_in_the_middle(done: int, _: int) -> None:
        if done == 2:
            raise Stopped

    sample = Sample(4, corpus=SOURCES)
    whole, resumed = tmp_path / "whole.gguf", tmp_path / "resumed.gguf"
    imatrix.measure(model, sample, whole, 1, lambda *_: None)
    with pytest.raises(Stopped):
        imatrix.measure(model, sample, resumed, 1, stop_in_the_middle, checkpoint_s=0)
    assert not resumed.exists()
    summary = imatrix.measure(model, sample, resumed, 1, lambda *_: None)
    assert 0 < summary.n_resumed < 4
    assert resumed.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"resumed.gguf", "whole.gguf"}


def test_a_checkpoint_of_something_else_is_left_alone(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.gguf"
    checkpoint = tmp_path / "out.gguf.checkpoint"
    checkpoint.write_bytes(b"PK not a checkpoint")
    summary = imatrix.measure(model, Sample(1, corpus=SOURCES), target, 1, lambda *_: None)
    assert (summary.n_chunks, summary.n_resumed) == (1, 0)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "Say which text to take: --corpus DIR or --text FILE"),
        (["--corpus", ".", "--text", "x"], "one of them"),
        (["--corpus", "no/such/folder"], "no/such/folder is no folder"),
        (["--text", "no/such/file"], "no/such/file cannot be read: No such file"),
        (["--text", "Makefile", "--chunks", "1", "-o", "no/folder/x.gguf"], "does not exist"),
    ],
)
def test_wrong_options_are_one_sentence(
    options: list[str], complaint: str, model: Path, tmp_path: Path, command: Command
) -> None:
    done = command("imatrix", model, "-o", tmp_path / "out.gguf", *options)
    assert (done.exit_code, complaint in done.output) == (2, True), done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_too_little_text_and_other_files_are_one_sentence(
    model: Path, tmp_path: Path, command: Command
) -> None:
    (tmp_path / "short.txt").write_text("x = 1\n")
    (tmp_path / "text.gguf").write_text("no model")
    for source, complaint in (
        (model, "512 are the least"),
        (tmp_path / "text.gguf", "no usable GGUF file"),
    ):
        done = command("imatrix", source, "-o", tmp_path / "o", "--text", tmp_path / "short.txt")
        assert (done.exit_code, complaint in done.output) == (2, True), done.output
        assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "o").exists()


@pytest.mark.reference
def test_values_are_those_of_llama_imatrix(
    model: Path, text: Path, tmp_path: Path, command: Command, tool: Tool
) -> None:
    theirs, ours = tmp_path / "theirs.gguf", tmp_path / "ours.gguf"
    tool("llama-imatrix", "-m", model, "-f", text, "-o", theirs, "--chunks", 8, "--no-ppl")
    done = command("imatrix", model, "-o", ours, "--text", text, "--chunks", 8)
    assert done.exit_code == 0, done.output
    expected, found = imatrix_file.read(theirs), imatrix_file.read(ours)
    assert found.counts == expected.counts
    assert (found.n_chunks, found.chunk_size) == (expected.n_chunks, expected.chunk_size)
    for name, sums in expected.sums.items():
        np.testing.assert_allclose(found.sums[name], sums, rtol=1e-3)
    # And their quantizer reads our file.
    tool("llama-quantize", "--imatrix", ours, model, tmp_path / "a.gguf", "IQ2_XS")
    command("quantize", model, tmp_path / "b.gguf", "--type", "IQ2_XS", "--imatrix", ours)
    assert tensors(tmp_path / "a.gguf") == tensors(tmp_path / "b.gguf")
