"""`sc2-quantize inspect`: of a GGUF file, of a checkpoint, and what it finds lacking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import pytest
from typer.testing import CliRunner

from quantize.cli import app
from sc2_lsp.models import BUNDLED_MODEL
from tests.quantize.converted import convert, convert_lora
from tests.support.checkpoints import Recipe, make_adapter, make_checkpoint


def report(path: Path) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["inspect", str(path), "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_of_the_bundled_model() -> None:
    found = report(BUNDLED_MODEL)
    assert found == {
        "format": "GGUF",
        "bytes": BUNDLED_MODEL.stat().st_size,
        "architecture": "starcoder2",
        "name": "sc2-tiny",
        "licence": "apache-2.0",
        "revision": None,
        "parameters": 6_441_472,
        "sizes": {
            "layers": 6,
            "hidden": 256,
            "feed_forward": 1024,
            "heads": 4,
            "kv_heads": 2,
            "context": 4096,
            "vocabulary": 8192,
        },
        "tensors": {
            "Q8_0": {"count": 37, "bytes": 6_823_936},
            "F32": {"count": 62, "bytes": 75_776},
        },
        "special_ids": {
            "bos": 0,
            "eos": 0,
            "unknown": 0,
            "fim_pre": 1,
            "fim_suf": 3,
            "fim_mid": 2,
            "fim_pad": 4,
            "fim_rep": 5,
            "fim_sep": 6,
        },
        "lacks": [],
        # Keys and values of 6 layers with 2 heads of 64 numbers of 2 bytes.
        "kv_bytes_per_token": 2 * 6 * 2 * 64 * 2,
    }


def test_a_checkpoint_and_its_gguf_say_the_same(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", Recipe("model", n_files=2))
    checkpoint, converted = report(folder), report(convert(folder, tmp_path / "model.gguf"))
    for what in ("name", "parameters", "sizes", "special_ids", "lacks", "kv_bytes_per_token"):
        assert checkpoint[what] == converted[what]
    assert checkpoint["tensors"] == {"BF16": {"count": 35, "bytes": 2 * checkpoint["parameters"]}}


@pytest.mark.parametrize(("ids", "lacking"), [({}, 6), ({"fim_rep": 5, "fim_sep": 5}, 5)])
def test_fim_ids_that_are_missing_or_wrong(
    tmp_path: Path, ids: dict[str, int], lacking: int
) -> None:
    """Such as today's public files: llama.cpp's converter leaves them out."""
    path = tmp_path / "public.gguf"
    tokens = ["<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>"]
    writer = gguf.GGUFWriter(path, "starcoder2")
    writer.add_token_list([*tokens, "<repo_name>", "<file_sep>"])
    for kind, number in ids.items():
        writer.add_uint32(f"tokenizer.ggml.{kind}_token_id", number)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    assert len(report(path)["lacks"]) == lacking
    shown = CliRunner().invoke(app, ["inspect", str(path)]).output
    assert "the ids of " in shown
    assert "<file_sep>" in shown


def test_an_adapter(tmp_path: Path) -> None:
    recipe = Recipe("model")
    base = make_checkpoint(tmp_path / "base", recipe)
    adapter = make_adapter(tmp_path / "lora", recipe, rank=4)
    found = report(convert_lora(adapter, tmp_path / "adapter.gguf", base))
    assert (found["format"], found["sizes"]) == ("GGUF adapter", {"rank": 4})


def test_a_safetensors_file_on_its_own(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", Recipe("model", dtype="F32"))
    found = report(folder / "model.safetensors")
    assert (found["format"], list(found["tensors"])) == ("safetensors", ["F32"])
