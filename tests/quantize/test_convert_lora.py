"""`sc2-quantize convert-lora`: what it writes and what it refuses.

What llama.cpp's converter makes of the same adapter is in tests/golden/convert.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from quantize.gguf_header import read_header
from tests.quantize.converted import convert_lora, lora_command
from tests.quantize.recipes import ADAPTER, ADAPTER_KINDS, golden
from tests.support.checkpoints import (
    Recipe,
    Tensors,
    make_adapter,
    make_checkpoint,
    safetensors,
)
from tests.support.gguf_contents import contents, without_ours

BASE = Recipe("base")
ALPHA = "adapter.lora.alpha"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "base", BASE)


@pytest.mark.parametrize("kind", ADAPTER_KINDS)
def test_the_file_is_what_llama_cpps_converter_writes(tmp_path: Path, kind: str) -> None:
    base = make_checkpoint(tmp_path / "base", ADAPTER)
    folder = make_adapter(tmp_path / ADAPTER.name, ADAPTER)
    ours = without_ours(contents(convert_lora(folder, tmp_path / "ours.gguf", base, kind)))
    assert ours == json.loads(golden(ADAPTER, kind).read_text(encoding="utf-8"))


def test_rank_stabilized_lora_is_as_strong_as_it_was_trained(base: Path, tmp_path: Path) -> None:
    """llama.cpp divides by the rank, PEFT by its root then."""
    folder = make_adapter(tmp_path / "lora", BASE, rank=4, use_rslora=True)
    found = read_header(convert_lora(folder, tmp_path / "out.gguf", base)).metadata
    assert found[ALPHA] == 16 * math.sqrt(4)


def test_the_base_may_be_what_the_adapter_names(base: Path, tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "lora", BASE, base_model_name_or_path=str(base))
    result = lora_command(folder, tmp_path / "out.gguf")
    assert result.exit_code == 0, result.output
    assert "changes 6 matrices" in result.stdout


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"peft_type": "IA3"}, '"peft_type"'),
        ({"use_dora": True}, "DoRA"),
        ({"bias": "all"}, '"bias"'),
        ({"modules_to_save": ["lm_head"]}, '"modules_to_save"'),
        ({"alpha_pattern": {"q_proj": 3}}, '"alpha_pattern"'),
        ({"use_rslora": True, "rank_pattern": {"q_proj": 3}}, '"rank_pattern"'),
        ({"lora_alpha": None}, '"lora_alpha"'),
        ({"lora_alpha": "x"}, '"lora_alpha"'),
    ],
)
def test_adapters_that_llama_cpp_cannot_apply(
    base: Path, tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    folder = make_adapter(tmp_path / "lora", BASE, **settings)
    _refuses(folder, tmp_path / "out", said, "--base", base)


def _refuses(folder: Path, into: Path, said: str, *options: object) -> None:
    """One sentence, exit code 2, and nothing in the folder where the file would be."""
    into.mkdir()
    result = lora_command(folder, into / "out.gguf", *options)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.output
    assert said in result.stderr
    assert list(into.iterdir()) == []


def test_an_unknown_base(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "lora", BASE)
    said = "('bigcode/starcoder2-3b' by adapter_config.json) is no folder here"
    _refuses(folder, tmp_path / "out", said)


@pytest.mark.parametrize("named", ["x" * 5000, "a\0b", "", 5, None])
def test_a_base_whose_name_is_none(tmp_path: Path, named: object) -> None:
    folder = make_adapter(tmp_path / "lora", BASE, base_model_name_or_path=named)
    _refuses(folder, tmp_path / "out", "is no folder here; name one with its config.json by --base")


def test_another_models_adapter(tmp_path: Path) -> None:
    other = make_checkpoint(tmp_path / "other", Recipe("other", n_embd=96))
    folder = make_adapter(tmp_path / "lora", BASE)
    _refuses(folder, tmp_path / "out", "is it another base model's?", "--base", other)


_Q = "base_model.model.model.layers.0.self_attn.q_proj"
_HEAD = "base_model.model.lm_head"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: {k: v for k, v in t.items() if k != f"{_Q}.lora_B.weight"}, "two parts"),
        (lambda t: {**t, f"{_Q}.lora_magnitude_vector": t[f"{_Q}.lora_B.weight"]}, "magnitude"),
        (lambda t: {**t, f"{_HEAD}.lora_A.weight": t[f"{_Q}.lora_A.weight"]}, "lm_head"),
        (lambda t: {}, "holds no tensors"),
    ],
)
def test_tensors_that_do_not_belong(
    base: Path, tmp_path: Path, change: Callable[[Tensors], Tensors], said: str
) -> None:
    folder = make_adapter(tmp_path / "lora", BASE)
    path = folder / "adapter_model.safetensors"
    path.write_bytes(safetensors(change(_tensors(path))))
    _refuses(folder, tmp_path / "out", said, "--base", base)


def _tensors(path: Path) -> Tensors:
    data = path.read_bytes()
    n_header = int.from_bytes(data[:8], "little")
    found: Tensors = {}
    for name, entry in json.loads(data[8 : 8 + n_header]).items():
        if name != "__metadata__":
            start, end = (8 + n_header + offset for offset in entry["data_offsets"])
            found[name] = entry["dtype"], tuple(entry["shape"]), data[start:end]
    return found


def test_missing_files(base: Path, tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "lora", BASE)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    _refuses(folder, tmp_path / "out", "read from safetensors only", "--base", base)
    _refuses(base, tmp_path / "out2", "adapter_config.json cannot be read", "--base", base)
