"""Files that somebody spoiled: each is a sentence, none takes the memory or the process with it.

All are read in one child process whose address space is limited to a gigabyte, as `inspect` and
`convert` read them. Only what is certain to be wrong is made: every one has to be refused.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from quantize.cli import app
from tests.quantize.converted import convert
from tests.support.checkpoints import Recipe, make_checkpoint
from tests.support.gguf_fields import Field, fields
from tests.support.peak_memory import PRINT_PEAK

ROOT = Path(__file__).resolve().parents[2]
GIGABYTE = 1 << 30
MOST_U64 = (1 << 64) - 1
HUGE = (1 << 31, 1 << 40, MOST_U64)

READ_ALL = """
import json, sys
from pathlib import Path
from quantize.failures import QuantizeError
from quantize.inspecting import inspect

for line in sys.stdin:
    try:
        inspect(Path(line.rstrip("\\n")))
        said = None
    except QuantizeError as error:
        said = str(error)
    print(json.dumps(said), flush=True)
"""


def test_each_spoiled_file_is_one_sentence(tmp_path: Path) -> None:
    whole = make_checkpoint(tmp_path / "whole", Recipe("whole", n_layers=1, n_files=1))
    paths = [
        *_gguf_files(convert(whole, tmp_path / "whole.gguf"), tmp_path),
        *_safetensors_files(whole / "model.safetensors", tmp_path),
        *_checkpoints(tmp_path),
    ]
    assert len(paths) >= 200
    assert _read([whole, tmp_path / "whole.gguf", whole / "model.safetensors"])[0] == [None] * 3

    answers, peak_bytes = _read(paths)
    for path, said in zip(paths, answers, strict=True):
        assert said is not None, f"{path} was taken for good"
        assert said.endswith("."), said
        assert "\n" not in said, said
        assert len(said) < 600, said
        assert str(path) in said, said
    assert peak_bytes < GIGABYTE


def _read(paths: list[Path]) -> tuple[list[str | None], int]:
    """What the child said of each file, None where it found nothing wrong; its largest memory."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (GIGABYTE, GIGABYTE))

    done = subprocess.run(
        [sys.executable, "-c", READ_ALL + PRINT_PEAK],
        input="".join(f"{path}\n" for path in paths),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=limit,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *answers, peak = done.stdout.splitlines()
    return [json.loads(answer) for answer in answers], int(peak)


def _put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


# --- GGUF


def _gguf_files(whole: Path, into: Path) -> list[Path]:
    data = whole.read_bytes()
    return [
        _put(into / f"{number}-{name.replace(' ', '-')}.gguf", spoiled)
        for number, (name, spoiled) in enumerate(_spoiled_ggufs(data, fields(whole)))
    ]


def _spoiled_ggufs(data: bytes, found: list[Field]) -> Iterator[tuple[str, bytes]]:
    by_kind: dict[str, list[Field]] = {}
    for field in found:
        by_kind.setdefault(field.kind, []).append(field)
    chance = random.Random(1)
    for length in (0, 3, 4, 8, 23, *sorted(chance.sample(range(24, len(data) - 64), 20))):
        yield f"cut at {length}", data[:length]
    for kind in ("tensor count", "value count", "key length", "text length", "element count"):
        for value in HUGE:
            yield f"{kind} {value}", chance.choice(by_kind[kind]).changed(data, value)
    for kind in ("name length", "dimension", "offset"):
        for value in (*HUGE, 1 << 62):
            yield f"{kind} {value}", chance.choice(by_kind[kind]).changed(data, value)
    for kind in ("value type", "element type", "tensor type", "dimension count"):
        for value in (13, 99, (1 << 32) - 1):
            # There is a tensor type 13.
            yield f"{kind} {value}", by_kind[kind][0].changed(data, value + 50 * (value == 13))
    offsets, dimensions = by_kind["offset"], by_kind["dimension"]
    yield "version 1", by_kind["version"][0].changed(data, 1)
    yield "big-endian", by_kind["version"][0].changed(data, 3 << 24)
    yield "list of lists", by_kind["element type"][0].changed(data, 9)
    yield "no dimensions", by_kind["dimension count"][0].changed(data, 0)
    yield "empty dimension", dimensions[0].changed(data, 0)
    yield "offset 1", offsets[1].changed(data, 1)
    yield "over another", offsets[1].changed(data, 0)
    yield "tensors in a circle", offsets[1].changed(offsets[0].changed(data, 64), 64)
    yield "beyond the end", offsets[-1].changed(data, len(data) // 32 * 32)
    yield "one value less", by_kind["value count"][0].changed(data, 5)
    yield "a tensor more", by_kind["tensor count"][0].changed(data, len(offsets) + 1)
    yield "a name twice", data.replace(b"blk.0.attn_k.weight", b"blk.0.attn_q.weight")
    yield "a key twice", data.replace(b".fim_suf_token_id", b".fim_pre_token_id")
    yield "no header", bytes(4096)
    yield "text", b"GGUF is a format\n" * 40


# --- safetensors


def _safetensors_files(whole: Path, into: Path) -> list[Path]:
    data = whole.read_bytes()
    n_header = int.from_bytes(data[:8], "little")
    header, weights = json.loads(data[8 : 8 + n_header]), data[8 + n_header :]
    return [
        _put(into / f"{number}-{name.replace(' ', '-')}.safetensors", spoiled)
        for number, (name, spoiled) in enumerate(_spoiled_safetensors(data, header, weights))
    ]


def _with_header(content: bytes, weights: bytes) -> bytes:
    return len(content).to_bytes(8, "little") + content + weights


def _spoiled_safetensors(
    data: bytes, header: dict[str, Any], weights: bytes
) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(2)
    for length in (0, 5, 8, 9, *sorted(chance.sample(range(10, len(data) - 1), 12))):
        yield f"cut at {length}", data[:length]
    for value in (0, 1, len(data), 1 << 31, 1 << 62, MOST_U64):
        yield f"header of {value}", value.to_bytes(8, "little") + data[8:]
    name = "model.norm.weight"
    start, end = header[name]["data_offsets"]
    for number, offsets in enumerate(
        [
            [end, start],
            [start - 2, end - 2],
            [start, end + 2],
            [-2, end],
            [start, 1 << 63],
            [0, end - start],
            [start],
            [start, end, end],
            "0-2",
            None,
            [float(start), end],
            [True, end],
        ]
    ):
        yield f"offsets {number}", _changed(header, weights, name, data_offsets=offsets)
    for number, shape in enumerate(
        [[1 << 62, 4], [0], [-64], [64.0], ["64"], {"0": 64}, None, [2] * 70, [[64]], [65]]
    ):
        yield f"shape {number}", _changed(header, weights, name, shape=shape)
    for number, dtype in enumerate(["F31", "", None, 7, ["BF16"], "F64"]):
        yield f"dtype {number}", _changed(header, weights, name, dtype=dtype)
    entry = json.dumps(header).encode()
    yield "a list", _with_header(b"[" + entry + b"]", weights)
    yield "a number", _with_header(b"1", weights)
    yield "not closed", _with_header(entry[:-1], weights)
    yield "no UTF-8", _with_header(entry.replace(b"norm", b"n\xff\xfem", 1), weights)
    yield "deep", _with_header(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, weights)
    yield "deep lists", _with_header(b"[" * 1_000_000, weights)
    yield "an entry is a list", _with_header(json.dumps({**header, name: [1]}).encode(), weights)
    twice = entry[:-1] + b', "' + name.encode() + b'": ' + json.dumps(header[name]).encode() + b"}"
    yield "a name twice", _with_header(twice, weights)
    yield "bytes at the end", data + bytes(64)
    yield "many objects", _with_header(b'{"a":[' + b"[]," * 2_700_000 + b"[]]}", weights)
    yield "too long", _with_header(b'{"a":[' + b"[]," * 3_000_000 + b"[]]}", weights)


def _changed(header: dict[str, Any], weights: bytes, name: str, **values: object) -> bytes:
    changed = {**header, name: {**header[name], **values}}
    return _with_header(json.dumps(changed).encode(), weights)


# --- the JSON of a checkpoint, each in a folder that is right otherwise


def _checkpoints(into: Path) -> list[Path]:
    plain = make_checkpoint(into / "plain", Recipe("plain", n_layers=1))
    several = make_checkpoint(into / "several", Recipe("several", n_layers=1, n_files=2))
    cases = [
        *_spoiled_files(plain, "config.json", _spoiled_configs),
        *_spoiled_files(plain, "tokenizer.json", _spoiled_tokenizers),
        *_spoiled_files(several, "model.safetensors.index.json", _spoiled_indexes),
    ]
    return [
        _beside(folder, into / f"{number}-{file}", file, data)
        for number, (folder, file, data) in enumerate(cases)
    ]


def _spoiled_files(folder: Path, file: str, spoiled: Any) -> Iterator[tuple[Path, str, bytes]]:
    content = (folder / file).read_bytes()
    for data in (b"", b"null", b"\xff\xfe{}", content[:-9], b'{"a":' * 50_000, b"[" * 50_000):
        yield folder, file, data
    for value in spoiled(json.loads(content)):
        yield folder, file, json.dumps(value).encode()


def _beside(folder: Path, new: Path, file: str, data: bytes) -> Path:
    """A folder with the same files, but for one."""
    new.mkdir()
    for path in folder.iterdir():
        if path.name != file:
            (new / path.name).hardlink_to(path)
    _put(new / file, data)
    return new


def _spoiled_configs(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sizes = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers")
    heads = ("num_attention_heads", "num_key_value_heads", "max_position_embeddings")
    for key in (*sizes, *heads):
        for value in (-1, 0, 1 << 70, "64", 64.0, True, [64]):
            yield {**whole, key: value}
    for value in (0, -1e-5, "x", float("nan"), float("inf"), 1 << 2000):
        yield {**whole, "norm_epsilon": value}
    for rope in ([1], {"type": "odd"}, {"type": "linear"}, {"type": "yarn", "factor": -1}):
        yield {**whole, "rope_scaling": rope}
    yield {**whole, "architectures": [["Starcoder2ForCausalLM"]]}
    yield {**whole, "architectures": 7, "model_type": "x\u001b[31m" * 1000}


def _spoiled_tokenizers(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    model = whole["model"]
    for vocab in ([], None, {"a": -1}, {"a": "1"}, {"a": 1 << 62}, {"a": 1, "b": 1}, {"a": True}):
        yield {**whole, "model": {**model, "vocab": vocab}}
    for merges in (None, [], "a b", [1], [["a"]], [["a", "b", "c"]], {"a": "b"}):
        yield {**whole, "model": {**model, "merges": merges}}
    for added in ({"a": 1}, [1], [{}], [{"id": "1", "content": "a"}], [{"id": 9, "content": "a"}]):
        yield {**whole, "added_tokens": added}
    for splitter in ([], {"pretokenizers": 5}, {"type": "Sequence", "pretokenizers": [1, 2]}):
        yield {**whole, "pre_tokenizer": splitter}
    yield {**whole, "model": []}
    yield {**whole, "model": {**model, "type": "Unigram"}}
    yield {**whole, "post_processor": {"processors": [5]}}
    yield {**whole, "model": {**model, "vocab": {**model["vocab"], "\ud800": 377}}}
    yield {"filler": [[]] * 4_000_000}
    yield {"filler": "x" * (17 << 20)}


def _spoiled_indexes(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    listed = whole["weight_map"]
    for file in (
        "../up.safetensors",
        "/etc/passwd",
        "a\\b",
        "missing",
        "x" * 5000 + ".safetensors",
        "a\0.safetensors",
        "",
        5,
        None,
        ["x"],
        ".",
    ):
        yield {"weight_map": {**listed, "model.norm.bias": file}}
    for weight_map in (None, {}, [1], "x"):
        yield {"weight_map": weight_map}


def test_what_a_file_says_of_itself_is_no_code_for_the_terminal(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", Recipe("whole", n_layers=1))
    target = convert(folder, tmp_path / "whole.gguf")
    target.write_bytes(target.read_bytes().replace(b"starcoder2", b"star\x1b[31mr"))
    result = CliRunner().invoke(app, ["inspect", str(target)])
    assert result.exit_code == 0
    assert "star?[31mr" in result.output
    assert "\x1b" not in result.output
