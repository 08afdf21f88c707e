"""An adapter in the setting `lora`: what it changes, and files that are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sc2_lsp.domain import Tokens
from sc2_lsp.models import BUNDLED_MODEL
from sc2_lsp.ports import ModelError
from tests.quantize.converted import convert, convert_lora
from tests.support.checkpoints import (
    Recipe,
    as_bytes,
    make_adapter,
    make_checkpoint,
    safetensors,
    weights,
)

Load = Callable[..., Any]
SMALL = Recipe("small", dtype="F32", n_embd=64, n_heads=2, n_kv_heads=1)
PROMPT: Tokens = tuple(range(60, 120, 3))
N_CTX = 512


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A small model, an adapter for it, and the model with the adapter worked into its weights."""
    folder = tmp_path_factory.mktemp("adapter")
    base = make_checkpoint(folder / "base", SMALL)
    adapter = make_adapter(folder / "lora", SMALL, rank=4)
    merged = make_checkpoint(folder / "merged", SMALL)
    _merge(adapter / "adapter_model.safetensors", merged / "model.safetensors")
    return {
        "plain": str(convert(base, folder / "plain.gguf", "f32")),
        "adapter": str(convert_lora(adapter, folder / "adapter.gguf", base)),
        "merged": str(convert(merged, folder / "merged.gguf", "f32")),
    }


def _merge(adapter: Path, model: Path) -> None:
    """W + alpha / rank * B A, as PEFT defines it."""
    data = adapter.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    found = {
        name: np.frombuffer(data, "<f4", offset=start + entry["data_offsets"][0])
        .ravel()[: np.prod(entry["shape"])]
        .reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }
    tensors = weights(SMALL, 378)
    for name, down in found.items():
        layer = name.removesuffix(".lora_A.weight")
        if layer != name:
            target = layer.removeprefix("base_model.model.") + ".weight"
            dtype, shape, content = tensors[target]
            whole = np.frombuffer(content, "<f4").reshape(shape)
            changed = whole + 16 / 4 * found[f"{layer}.lora_B.weight"] @ down
            tensors[target] = dtype, shape, as_bytes(changed.astype("<f4"), "F32")
    model.write_bytes(safetensors(tensors))


def logits(load: Load, model: str, **changes: object) -> np.ndarray:
    """The logits of all tokens behind the prompt."""
    loaded = load(model_path=model, n_ctx=N_CTX, n_cells=N_CTX, **changes).model
    loaded.evaluate(0, 0, PROMPT, 1, abortable=False)
    found: np.ndarray = loaded.logits(-1).copy()
    return found


def test_an_adapter_changes_what_is_computed_as_if_it_were_in_the_weights(
    load: Load, files: dict[str, str]
) -> None:
    plain = logits(load, files["plain"])
    adapted = logits(load, files["plain"], lora_path=files["adapter"])
    merged = logits(load, files["merged"])
    assert np.abs(adapted - merged).max() < 5e-3
    assert np.abs(adapted - plain).max() > 0.1


def test_the_scale_says_how_much_of_it_counts(load: Load, files: dict[str, str]) -> None:
    plain = logits(load, files["plain"])
    none = logits(load, files["plain"], lora_path=files["adapter"], lora_scale=0.0)
    assert np.array_equal(none, plain)
    half = logits(load, files["plain"], lora_path=files["adapter"], lora_scale=0.5)
    whole = logits(load, files["plain"], lora_path=files["adapter"])
    assert np.abs(half - plain).max() > 0.05
    assert np.abs(half - whole).max() > 0.05


def test_files_that_are_no_adapter_for_the_model(
    load: Load, files: dict[str, str], tmp_path: Path
) -> None:
    missing, torn = tmp_path / "missing.gguf", tmp_path / "torn.gguf"
    torn.write_bytes(Path(files["adapter"]).read_bytes()[:300])
    for path, said in {
        str(missing): "No such file",
        str(torn): "no readable GGUF header",
        files["plain"]: "but no adapter",
        files["adapter"]: f"does not go with the model {BUNDLED_MODEL}",
    }.items():
        with pytest.raises(ModelError) as failure:
            load(lora_path=path)
        message = str(failure.value)
        assert said in message
        assert path in message
        assert "\n" not in message


def test_a_state_on_disk_is_that_of_its_adapter(load: Load, tmp_path: Path) -> None:
    """Keys and values that another adapter, or another share of it, computed are not taken."""
    bundled = Recipe("bundled", n_layers=6, n_embd=256, n_ff=1024)
    base = make_checkpoint(tmp_path / "base", bundled)
    adapter = make_adapter(tmp_path / "lora", bundled)
    path = str(convert_lora(adapter, tmp_path / "adapter.gguf", base))
    states = {"warm_start_mb": 64, "cache_folder": str(tmp_path / "states")}

    first = load(**states, lora_path=path)
    prompt = first.tokens(Path(__file__).read_text(encoding="utf-8"))[:600]
    first.generate(prompt, max_tokens=0)
    first.model.warm.save_at_end(10.0)
    n_evaluated = [
        load(**states, **changes).generate(prompt, max_tokens=0).n_evaluated
        for changes in ({"lora_path": path}, {"lora_path": path, "lora_scale": 0.5}, {})
    ]
    assert n_evaluated == [1, 600, 600]
