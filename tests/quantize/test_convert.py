"""`sc2-quantize convert`: what it writes, what it refuses, and that it leaves nothing half-written.

What llama.cpp's converter makes of the same checkpoints is in tests/golden/convert.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quantize.gguf_header import read_header
from sc2_lsp import vocabulary
from tests.quantize.converted import command, convert
from tests.quantize.recipes import CASES, IDS, golden
from tests.support.checkpoints import Recipe, Tensors, config, make_checkpoint, safetensors, weights
from tests.support.gguf_contents import contents, without_ours
from tests.support.peak_memory import PRINT_PEAK

N_VOCAB = 378
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "model", Recipe("model"))


@pytest.mark.parametrize(("recipe", "kind"), CASES, ids=IDS)
def test_the_file_is_what_llama_cpps_converter_writes(
    tmp_path: Path, recipe: Recipe, kind: str
) -> None:
    folder = make_checkpoint(tmp_path / recipe.name, recipe)
    ours = without_ours(contents(convert(folder, tmp_path / "ours.gguf", kind)))
    assert ours == json.loads(golden(recipe, kind).read_text(encoding="utf-8"))


def test_it_adds_the_fim_ids_and_where_it_comes_from(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "snapshot", Recipe("model", n_files=2))
    revision = "0123456789abcdef0123456789abcdef01234567"
    note = folder / ".cache" / "huggingface" / "download" / "config.json.metadata"
    note.parent.mkdir(parents=True)
    note.write_text(f"{revision}\nsomething\n", encoding="utf-8")
    target = tmp_path / "out.gguf"
    assert command(folder, target, "--licence", "bigcode-openrail-m").exit_code == 0

    found = read_header(target).metadata
    ids = {key: found[f"tokenizer.ggml.fim_{key}_token_id"] for key in _FIM_IDS}
    assert ids == _FIM_IDS
    assert found["general.license"] == "bigcode-openrail-m"
    assert found["sc2.source.revision"] == revision
    files = sorted(folder.glob("*.safetensors"))
    assert found["sc2.source.files"] == [file.name for file in files]
    hashes = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    assert found["sc2.source.sha256"] == hashes


_FIM_IDS = {
    "pre": vocabulary.FIM_PREFIX,
    "suf": vocabulary.FIM_SUFFIX,
    "mid": vocabulary.FIM_MIDDLE,
    "pad": vocabulary.FIM_PAD,
    "rep": vocabulary.REPO_NAME,
    "sep": vocabulary.FILE_SEP,
}


def test_repository_and_revision_are_known_from_the_hubs_cache(tmp_path: Path) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    place = tmp_path / "models--bigcode--starcoder2-3b" / "snapshots" / revision
    place.parent.mkdir(parents=True)
    make_checkpoint(place, Recipe("model"))
    found = read_header(convert(place, tmp_path / "out.gguf")).metadata
    assert found["general.source.repo_url"] == "https://huggingface.co/bigcode/starcoder2-3b"
    assert found["sc2.source.revision"] == revision
    assert found["general.basename"] == "starcoder2"


def test_tables_of_old_checkpoints_are_left_out(folder: Path, tmp_path: Path) -> None:
    expected = contents(convert(folder, tmp_path / "plain.gguf"))["tensors"]
    table = ("F32", (8,), np.ones(8, "<f4").tobytes())
    change(folder, lambda tensors: {"model.layers.0.rotary_emb.inv_freq": table, **tensors})
    assert contents(convert(folder, tmp_path / "out.gguf"))["tensors"] == expected


def test_a_card_may_hold_anything(folder: Path, tmp_path: Path) -> None:
    card = """---
license: [mit, 7]
tags: {a: b}
version: 2
model_name: "half \\ud800"
base_model: [5, {name: [a]}]
datasets: 2024-01-01
language: no
---
"""
    (folder / "README.md").write_text(card, encoding="utf-8")
    found = read_header(convert(folder, tmp_path / "out.gguf")).metadata
    assert (found["general.license"], found["general.version"]) == ("mit", "2")
    assert found["general.name"] == "model"


def test_a_missing_licence_is_said(folder: Path, tmp_path: Path) -> None:
    assert "bigcode-openrail-m: name it with --licence" in command(folder, tmp_path / "o").output


def change(folder: Path, how: Callable[[Tensors], Tensors]) -> None:
    """Write the weights of the standard checkpoint anew, changed."""
    tensors = how(weights(Recipe("model"), N_VOCAB))
    (folder / "model.safetensors").write_bytes(safetensors(tensors))


def change_json(folder: Path, name: str, **values: object) -> None:
    path = folder / name
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**data, **values}), encoding="utf-8")


def _without(tensors: Tensors, name: str) -> Tensors:
    return {key: value for key, value in tensors.items() if key != name}


def _with_number(tensors: Tensors, name: str, bits: int) -> Tensors:
    """The last number of a BF16 tensor is the one with these bits."""
    dtype, shape, data = tensors[name]
    return {**tensors, name: (dtype, shape, data[:-2] + bits.to_bytes(2, "little"))}


_NORM = "model.norm.weight"
_MATRIX = "model.layers.1.mlp.c_fc.weight"
_SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda f: (f / "config.json").unlink(), "config.json cannot be read"),
    "no JSON": (lambda f: (f / "config.json").write_text("{"), "is no readable JSON"),
    "a list": (lambda f: (f / "config.json").write_text("[]"), "holds no JSON object"),
    "another model": (
        lambda f: change_json(f, "config.json", architectures=["LlamaForCausalLM"]),
        'describes "LlamaForCausalLM"; only StarCoder2',
    ),
    "no size": (lambda f: change_json(f, "config.json", hidden_size=None), '"hidden_size" in'),
    "a text": (lambda f: change_json(f, "config.json", vocab_size="9"), '"vocab_size" in'),
    "heads": (lambda f: change_json(f, "config.json", num_attention_heads=7), "7 heads"),
    "activation": (lambda f: change_json(f, "config.json", hidden_act="relu"), '"hidden_act"'),
    "no biases": (lambda f: change_json(f, "config.json", use_bias=False), '"use_bias"'),
    "quantized": (
        lambda f: change_json(f, "config.json", quantization_config={"quant_method": "gptq"}),
        "a quantized checkpoint",
    ),
    "layers": (lambda f: change_json(f, "config.json", num_hidden_layers=3), "lacks 16 of the"),
    "untied": (
        lambda f: change_json(f, "config.json", tie_word_embeddings=False),
        "such as lm_head.weight",
    ),
    "vocabulary": (
        lambda f: change_json(f, "config.json", vocab_size=300),
        "config.json has 300 tokens",
    ),
    "wider": (lambda f: change_json(f, "config.json", vocab_size=400), "asks for [400, 64]"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json is missing"),
    "splitting": (
        lambda f: change_json(f, "tokenizer.json", pre_tokenizer={"type": "Whitespace"}),
        "splits text otherwise",
    ),
    "splitting by bytes alone": (
        lambda f: change_json(
            f,
            "tokenizer.json",
            pre_tokenizer={
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "Digits", "individual_digits": True},
                    {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
                ],
            },
        ),
        "splits text otherwise",
    ),
    "added tokens": (
        lambda f: change_json(f, "tokenizer.json", added_tokens=[{"id": -1, "content": "a"}]),
        '"added_tokens" in',
    ),
    "post-processor": (
        lambda f: change_json(f, "tokenizer.json", post_processor={"type": "TemplateProcessing"}),
        '"post_processor" in',
    ),
    "special id": (
        lambda f: change_json(f, "config.json", pad_token_id=5000),
        '"pad_token_id" in',
    ),
    "card": (lambda f: (f / "README.md").write_text("---\na: [\n---\n"), "is no YAML"),
    "aliases": (
        lambda f: (f / "README.md").write_text("---\na: &a [b]\nc: [*a, *a]\n---\n"),
        "uses YAML aliases",
    ),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "holds no weights"),
    "pickle": (
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
        "save it as safetensors first",
    ),
    "a tensor less": (lambda f: change(f, lambda t: _without(t, _NORM)), f"such as {_NORM}"),
    "a tensor more": (
        lambda f: change(f, lambda t: {**t, "model.extra": t[_NORM]}),
        "'model.extra'",
    ),
    "a shape": (
        lambda f: change(f, lambda t: {**t, _NORM: ("BF16", (32, 2), t[_NORM][2])}),
        "has the shape [32, 2], and config.json asks for [64]",
    ),
    "a type": (
        lambda f: change(f, lambda t: {**t, _NORM: ("I16", *t[_NORM][1:])}),
        "is I16; only F32, F16, BF16",
    ),
    "cut short": (
        lambda f: os.truncate(f / "model.safetensors", 100_000),
        "bytes are missing at its end",
    ),
    "NaN": (
        lambda f: change(f, lambda t: _with_number(t, _NORM, 0x7FC0)),
        "is not a finite",
    ),
    "infinity": (lambda f: change(f, lambda t: _with_number(t, _MATRIX, 0xFF80)), _MATRIX),
}


@pytest.mark.parametrize("name", _SPOILED)
def test_a_wrong_checkpoint_is_one_sentence(name: str, folder: Path, tmp_path: Path) -> None:
    spoil, said = _SPOILED[name]
    spoil(folder)
    _refuses(folder, tmp_path / "out", said)


def _refuses(folder: Path, into: Path, said: str, *options: str) -> None:
    """One sentence, exit code 2, and nothing in the folder where the file would be."""
    into.mkdir()
    result = command(folder, into / "model.gguf", *options)
    lines = [line for line in result.stderr.splitlines() if not line.startswith("No licence")]
    assert (result.exit_code, len(lines)) == (2, 1), result.output
    assert said in lines[0]
    assert list(into.iterdir()) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda listed: listed.pop(_NORM), "is not listed"),
        (lambda listed: listed.update(more="model-00001-of-00003.safetensors"), "is not in it"),
        (lambda listed: listed.update(more="../outside.safetensors"), "is not in its folder"),
    ],
)
def test_an_index_that_does_not_go_with_the_files(
    tmp_path: Path, spoil: Callable[[dict[str, str]], object], said: str
) -> None:
    folder = make_checkpoint(tmp_path / "model", Recipe("model", n_files=3))
    index = folder / "model.safetensors.index.json"
    listed = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    spoil(listed)
    change_json(folder, index.name, weight_map=listed)
    _refuses(folder, tmp_path / "out", said)


def test_a_missing_file_of_several(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", Recipe("model", n_files=3))
    (folder / "model-00002-of-00003.safetensors").unlink()
    said = "1 of the 3 files with weights are missing"
    _refuses(folder, tmp_path / "out", said)
    (folder / "model.safetensors.index.json").unlink()
    _refuses(folder, tmp_path / "out2", "is a file missing?")


def test_a_weight_too_large_for_f16(folder: Path, tmp_path: Path) -> None:
    change(folder, lambda tensors: _with_number(tensors, _MATRIX, 0x4780))
    _refuses(folder, tmp_path / "out", "too large for F16", "--dtype", "f16")
    convert(folder, tmp_path / "ours.gguf", "bf16")


def test_memory_does_not_grow_with_the_model(tmp_path: Path) -> None:
    """Of 2 MB and of 300 MB of weights, all of them zero, as the system counts it."""
    peaks = []
    for n_embd, n_ff in ((64, 160), (2048, 8192)):
        folder = make_checkpoint(tmp_path / f"model-{n_embd}", Recipe("model"))
        recipe = Recipe("model", n_layers=3, n_embd=n_embd, n_ff=n_ff, n_heads=4, n_kv_heads=2)
        (folder / "config.json").write_text(json.dumps(config(recipe, N_VOCAB)), encoding="utf-8")
        _write_empty(folder / "model.safetensors", recipe)
        peaks.append(_peak_bytes(folder, tmp_path / "out.gguf"))
        (tmp_path / "out.gguf").unlink()
    assert peaks[1] - peaks[0] < 80e6


def _peak_bytes(folder: Path, target: Path) -> int:
    convert = "import sys; from quantize.cli import app; app(sys.argv[1:], standalone_mode=False)"
    command = [sys.executable, "-c", convert + PRINT_PEAK, "convert", str(folder), str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout.splitlines()[-1])


def test_no_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    """A checkpoint of two terabytes, of which only the headers are on the disk."""
    recipe = Recipe("huge", n_layers=1, n_embd=1 << 18, n_ff=1 << 18, n_heads=4, n_kv_heads=4)
    folder = make_checkpoint(tmp_path / "model", Recipe("model"))
    (folder / "config.json").write_text(json.dumps(config(recipe, N_VOCAB)), encoding="utf-8")
    _write_empty(folder / "model.safetensors", recipe)
    _refuses(folder, tmp_path / "out", "GB free; make room")


def _write_empty(path: Path, recipe: Recipe) -> None:
    """The header of the weights that `recipe` asks for, and a hole where they would be."""
    small = weights(Recipe("model", n_layers=recipe.n_layers), N_VOCAB)
    n_kv = recipe.n_embd // recipe.n_heads * recipe.n_kv_heads
    sizes = {64: recipe.n_embd, 160: recipe.n_ff, 32: n_kv}
    header: dict[str, object] = {}
    end = 0
    for name, (dtype, shape, _) in small.items():
        wide = [sizes.get(n, n) for n in shape]
        start, end = end, end + 2 * int(np.prod([int(n) for n in wide], dtype=object))
        header[name] = {"dtype": dtype, "shape": wide, "data_offsets": [start, end]}
    content = json.dumps(header).encode()
    path.write_bytes(len(content).to_bytes(8, "little") + content)
    os.truncate(path, 8 + len(content) + end)


def test_an_existing_file_is_kept_unless_told_otherwise(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "model.gguf"
    target.write_bytes(b"mine")
    result = command(folder, target)
    assert (result.exit_code, target.read_bytes()) == (2, b"mine")
    assert "exists" in result.stderr
    change(folder, lambda tensors: _with_number(tensors, _MATRIX, 0x7FC0))
    assert command(folder, target, "--force").exit_code == 2
    assert target.read_bytes() == b"mine"
    change(folder, dict)
    assert command(folder, target, "--force").exit_code == 0
    assert read_header(target).tensors


@pytest.mark.parametrize(
    ("target", "said"), [(".", "is a folder"), ("missing/out.gguf", "its folder does not exist")]
)
def test_a_target_that_cannot_be(folder: Path, tmp_path: Path, target: str, said: str) -> None:
    result = command(folder, tmp_path / target)
    assert result.exit_code == 2
    assert said in result.stderr


def test_no_such_folder(tmp_path: Path) -> None:
    result = command(tmp_path / "missing", tmp_path / "out.gguf")
    assert (result.exit_code, "does not exist" in result.stderr) == (2, True)


def test_a_disk_that_becomes_full_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    """The system refuses to let a file grow: what a quota or a full disk does, at any moment."""
    into = tmp_path / "out"
    into.mkdir()

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    done = subprocess.run(
        [sys.executable, "-m", "quantize", "convert", folder, into / "model.gguf"],
        cwd=ROOT,
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "model.gguf cannot be written: " in done.stderr
    assert list(into.iterdir()) == []


def test_a_killed_run_leaves_no_file_under_the_name(tmp_path: Path) -> None:
    """Killed once the part file is there; the next run removes the part and writes the whole."""
    recipe = Recipe("large", n_layers=8, n_embd=512, n_ff=1024, n_heads=8)
    folder = make_checkpoint(tmp_path / "model", recipe)
    into = tmp_path / "out"
    into.mkdir()
    target = into / "model.gguf"
    running = subprocess.Popen(
        [sys.executable, "-m", "quantize", "convert", folder, target, "--dtype", "f32"], cwd=ROOT
    )
    deadline = time.monotonic() + 60
    while not any(into.iterdir()) and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0)
    running.kill()
    running.wait()
    assert [path.name.endswith(".part") for path in into.iterdir()] == [True]

    convert(folder, target)
    assert list(into.iterdir()) == [target]
