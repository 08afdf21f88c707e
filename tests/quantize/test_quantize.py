"""`sc2-quantize quantize`: what it writes, and what it refuses before it writes anything."""

from __future__ import annotations

import json
import signal
import zlib
from pathlib import Path

import numpy as np
import psutil
import pytest

from quantize import imatrix_file, quantizing
from quantize.failures import NoRoom, QuantizeError
from quantize.gguf_header import read_header
from quantize.imatrix_file import Importance
from tests.quantize.conftest import GOLDEN, Command, Tool
from tests.quantize.random_models import FIM_KEYS, Shape, fields, tensors, write_random

TYPES = ("Q4_K_M", "Q4_0", "Q5_K_M", "Q6_K", "Q8_0", "IQ4_NL", "IQ4_XS")
ROWS = GOLDEN / "rows.json"
WATCHED = ("blk.0.attn_v.weight", "blk.1.ffn_down.weight")


def importance_of(model: Path, path: Path) -> Path:
    """A made-up importance matrix for `model`: some columns matter a hundred times more."""
    rng = np.random.default_rng(3)
    sums, counts = {}, {}
    for name in tensors(model):
        if name.startswith("blk.") and name.endswith(".weight") and "norm" not in name:
            n_columns = 512 if "ffn_down" in name else 256
            sums[name] = (10 ** rng.uniform(0, 2, n_columns)).astype(np.float32)
            counts[name] = 64
    imatrix_file.write(path, Importance(sums, counts, 2, 32, "made up"))
    return path


def row_checksums(path: Path) -> dict[str, list[int]]:
    """A checksum for each of the 128 or 256 rows of two matrices."""
    rows = {}
    for name, (_, data) in tensors(path).items():
        if name in WATCHED:
            size = len(data) // (128 if "attn_v" in name else 256)
            rows[name] = [zlib.crc32(data[i : i + size]) for i in range(0, len(data), size)]
    return rows


@pytest.mark.parametrize("kind", [*TYPES, "Q4_K_M with imatrix"])
def test_rows_are_those_that_llama_quantize_wrote(
    kind: str, model: Path, tmp_path: Path, command: Command
) -> None:
    """Compilers may round the last bit otherwise, so half of the rows have to be the very same.

    Another type, or another importance matrix, changes nearly all. That all bytes are the same
    where both programs are built alike is for the tests marked `reference`.
    """
    options = ["--type", kind.split()[0]]
    if "imatrix" in kind:
        options += ["--imatrix", str(importance_of(model, tmp_path / "imatrix.gguf"))]
    done = command("quantize", model, tmp_path / "out.gguf", *options)
    assert done.exit_code == 0, done.output
    golden = json.loads(ROWS.read_text())[kind]
    found = row_checksums(tmp_path / "out.gguf")
    for name in WATCHED:
        same = np.mean(np.array(found[name]) == np.array(golden[name]))
        assert same >= 0.5, f"{name}: {same:.0%} of the rows are the same"


@pytest.mark.reference
@pytest.mark.parametrize("kind", [*TYPES, "Q4_K_M with imatrix"])
def test_files_equal_those_of_llama_quantize(
    kind: str, model: Path, tmp_path: Path, command: Command, tool: Tool, update: bool
) -> None:
    name = kind.split()[0]
    imatrix = ["--imatrix", str(importance_of(model, tmp_path / "imatrix.gguf"))]
    options = imatrix if "imatrix" in kind else []
    tool("llama-quantize", *options, model, tmp_path / "theirs.gguf", name)
    done = command("quantize", model, tmp_path / "ours.gguf", "--type", name, *options)
    assert done.exit_code == 0, done.output
    assert tensors(tmp_path / "ours.gguf") == tensors(tmp_path / "theirs.gguf")
    if update:
        golden = json.loads(ROWS.read_text()) if ROWS.exists() else {}
        golden[kind] = row_checksums(tmp_path / "theirs.gguf")
        ROWS.write_text(json.dumps(golden, sort_keys=True) + "\n")


@pytest.mark.reference
def test_overrides_do_what_they_do_for_llama_quantize(
    model: Path, tmp_path: Path, command: Command, tool: Tool
) -> None:
    overrides = ("attn_(v|k)=q8_0", r"blk\.1\.ffn=q6_k")
    theirs = [word for text in overrides for word in ("--tensor-type", text)]
    ours = [word for text in overrides for word in ("--tensor", text)]
    tool("llama-quantize", *theirs, model, tmp_path / "theirs.gguf", "Q4_0")
    done = command("quantize", model, tmp_path / "ours.gguf", "--type", "Q4_0", *ours)
    assert done.exit_code == 0, done.output
    assert tensors(tmp_path / "ours.gguf") == tensors(tmp_path / "theirs.gguf")


def test_metadata_stays_and_types_are_as_asked(
    model: Path, tmp_path: Path, command: Command
) -> None:
    done = command(
        *("quantize", model, tmp_path / "out.gguf", "--type", "q4-k-m"),
        *("--tensor", "attn_v=Q8_0", "--tensor", "blk.0.ffn_down=Q5_K_M", "--threads", 1),
    )
    assert done.exit_code == 0, done.output
    kinds = {name: kind for name, (kind, _) in tensors(tmp_path / "out.gguf").items()}
    assert kinds["blk.0.attn_q.weight"] == "Q4_K"
    assert kinds["blk.0.attn_v.weight"] == kinds["blk.1.attn_v.weight"] == "Q8_0"
    assert kinds["blk.0.ffn_down.weight"] == "Q5_K"
    assert kinds["blk.0.attn_norm.weight"] == "F32"
    before, after = fields(model), fields(tmp_path / "out.gguf")
    assert [after[key] for key in FIM_KEYS] == [1, 3, 2, 4, 5, 6]
    ours = {key: value for key, value in before.items() if key.startswith(("token", "starcoder2"))}
    assert {key: after[key] for key in ours} == ours
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.gguf"]


def test_a_dry_run_knows_the_size_to_the_byte_and_writes_nothing(
    model: Path, tmp_path: Path, command: Command
) -> None:
    done = command("quantize", model, tmp_path / "out.gguf", "--type", "Q4_K_M", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "6.3 MB to 2.6 MB; tensors: 22 F32, 10 Q4_K, 3 Q6_K." in done.output
    assert not list(tmp_path.iterdir())
    wish = quantizing.Wish(model, "Q4_K_M", 1)
    expected = quantizing.outlook(wish)
    quantizing.quantize(wish, tmp_path / "out.gguf", expected, lambda _: None)
    padding = 32 * 2
    assert abs((tmp_path / "out.gguf").stat().st_size - expected.size_after) <= padding


def test_progress_is_in_bytes_of_the_source(model: Path, tmp_path: Path) -> None:
    wish = quantizing.Wish(model, "Q4_0", 1)
    expected = quantizing.outlook(wish)
    seen: list[int] = []
    quantizing.quantize(wish, tmp_path / "out.gguf", expected, seen.append)
    assert len(seen) == len(expected.tensors)
    assert sum(seen) == sum(tensor.bytes_before for tensor in expected.tensors)


def test_rows_that_fit_no_block_get_the_nearest_type(
    model: Path, tmp_path: Path, command: Command
) -> None:
    odd = write_random(tmp_path / "odd.gguf", shape=Shape(n_embd=96, n_ff=160))
    done = command("quantize", odd, tmp_path / "out.gguf", "--type", "Q4_K_M")
    assert done.exit_code == 0, done.output
    assert "10 Q5_0, 3 Q8_0" in done.output
    assert "tensors have rows that do not fit their type's blocks" in done.output


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["--type", "Q4_K_X"],
            "There is no quantization type 'Q4_K_X'; near to it: Q4_K_S, Q4_K_M",
        ),
        (["--type", "IQ2_XXS"], "IQ2_XXS needs an importance matrix (--imatrix FILE)"),
        (["--type", "Q4_0", "--tensor", "ffn"], "--tensor wants PATTERN=TYPE"),
        (["--type", "Q4_0", "--tensor", "ffn=Q7_0"], "There is no tensor type 'Q7_0'; near to it"),
        (["--type", "Q4_0", "--tensor", "a(b=Q8_0"], "Mismatched '(' and ')'"),
        (["--type", "Q4_0", "--imatrix", "missing.gguf"], "missing.gguf cannot be read"),
        (["--type", "Q4_0", "--imatrix", "README.md"], "README.md is no usable GGUF file"),
    ],
)
def test_wrong_options_are_one_sentence(
    options: list[str], complaint: str, model: Path, tmp_path: Path, command: Command
) -> None:
    done = command("quantize", model, tmp_path / "out.gguf", *options)
    assert done.exit_code == 2
    assert complaint in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_files_that_cannot_be_quantized_are_one_sentence(
    model: Path, tmp_path: Path, command: Command
) -> None:
    cut, text, other = tmp_path / "cut.gguf", tmp_path / "text.gguf", tmp_path / "other.gguf"
    cut.write_bytes(model.read_bytes()[:3_000_000])
    text.write_text("not a model")
    imatrix_file.write(
        other,
        Importance({"blk.0.x.weight": np.ones(8, np.float32)}, {"blk.0.x.weight": 1}, 1, 1, ""),
    )
    small = tmp_path / "small.gguf"
    command("quantize", model, small, "--type", "Q8_0")
    for source, options, complaint in (
        (cut, [], "it was cut short, or is wrong"),
        (text, [], "is no usable GGUF file"),
        (tmp_path / "none.gguf", [], "cannot be read: No such file or directory."),
        (small, [], "is quantized already (Q8_0)"),
        (model, ["--imatrix", other], "is of another model"),
        (other, [], "cannot be quantized"),
    ):
        done = command("quantize", source, tmp_path / "out.gguf", "--type", "Q4_0", *options)
        assert (done.exit_code, complaint in done.output) == (2, True), done.output
        assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "out.gguf").exists()


@pytest.mark.parametrize("seed", range(4))
def test_spoiled_files_are_one_sentence_or_none(
    seed: int, model: Path, tmp_path: Path, command: Command
) -> None:
    """Bytes of the header changed at random: refused, or quantized where they did not matter."""
    random = np.random.default_rng(seed)
    data = bytearray(model.read_bytes())
    n_header = min(tensor.byte_offset for tensor in read_header(model).tensors)
    # Half of the changes are among the first values, half among the tensors at the end.
    first = 0 if seed % 2 else n_header - 4000
    for place in random.integers(first, first + 3000, 4):
        data[place] = random.integers(256)
    (tmp_path / "spoiled.gguf").write_bytes(data)
    done = command("quantize", tmp_path / "spoiled.gguf", tmp_path / "o.gguf", "--type", "Q8_0")
    assert done.exit_code in (0, 2), done.output
    if done.exit_code == 2:
        assert len(done.output.strip().splitlines()) == 1
        assert not (tmp_path / "o.gguf").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_what_exists_is_replaced_only_by_force(
    model: Path, tmp_path: Path, command: Command
) -> None:
    target = tmp_path / "out.gguf"
    target.write_text("mine")
    refused = command("quantize", model, target, "--type", "Q8_0")
    assert (refused.exit_code, target.read_text()) == (2, "mine")
    assert "replace it with --force" in refused.output
    assert command("quantize", model, target, "--type", "Q8_0", "--force").exit_code == 0
    assert target.read_bytes()[:4] == b"GGUF"
    own = command("quantize", target, target, "--type", "Q4_0", "--force", "--requantize")
    assert "is the file to read" in own.output
    nowhere = command("quantize", model, tmp_path / "no" / "out.gguf", "--type", "Q8_0")
    assert "its folder does not exist" in nowhere.output


def test_a_full_disk_is_known_before(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = quantizing.Wish(model, "Q4_0", 1)
    expected = quantizing.outlook(wish)
    huge = quantizing.Outlook(expected.tensors, 0, 1, 10**18)
    with pytest.raises(NoRoom, match=r"needs 1,000,000,000\.0 GB and its disk has"):
        quantizing.quantize(wish, tmp_path / "out.gguf", huge, lambda _: None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", [signal.SIGABRT, signal.SIGKILL])
def test_a_crash_of_llama_cpp_is_a_sentence_and_leaves_nothing(
    how: signal.Signals, model: Path, tmp_path: Path
) -> None:
    wish = quantizing.Wish(model, "Q4_0", 1)
    expected = quantizing.outlook(wish)

    others = set(psutil.Process().children())

    def stop_it(_: int) -> None:
        for child in set(psutil.Process().children()) - others:
            child.send_signal(how)

    with pytest.raises(QuantizeError, match=f"was stopped by signal {how.name}"):
        quantizing.quantize(wish, tmp_path / "out.gguf", expected, stop_it)
    assert not list(tmp_path.iterdir())


def test_the_child_ends_when_its_parent_loses_interest(model: Path, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(_: int) -> None:
        raise Enough

    wish = quantizing.Wish(model, "Q4_0", 1)
    expected = quantizing.outlook(wish)
    before = set(psutil.Process().children())
    with pytest.raises(Enough):
        quantizing.quantize(wish, tmp_path / "out.gguf", expected, stop)
    assert set(psutil.Process().children()) == before
    assert not list(tmp_path.iterdir())
