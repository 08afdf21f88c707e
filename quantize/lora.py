"""A LoRA adapter that PEFT trained on StarCoder2, as a GGUF adapter that llama.cpp applies.

The file holds what llama.cpp's convert_lora_to_gguf.py writes, followed by where it comes from.
What llama.cpp cannot apply as it was trained is refused: adapted embeddings, whole layers that were
trained along, DoRA, biases, a strength that differs between layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

from quantize import safetensors
from quantize.card import read_metadata
from quantize.checkpoint import DTYPES, Weight, Weights
from quantize.failures import BadInput
from quantize.gguf_file import write_gguf
from quantize.jsonfile import flag, read_json, real_number, whole_number
from quantize.shape import OUTPUT, Shape, Target, read_shape, targets

CONFIG = "adapter_config.json"
FILE = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_ENDINGS = {".lora_A.weight": ".lora_a", ".lora_B.weight": ".lora_b"}
_MOST_RANK = 1 << 16


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter that was read and found right; `alpha` over the rank is how strong it is."""

    alpha: float
    metadata: gguf.Metadata
    weights: Weights

    @property
    def n_source_bytes(self) -> int:
        """What is read while it is written: the files as a whole, because they are hashed."""
        return sum(file.stat().st_size for file in self.weights.files)

    @property
    def n_layers(self) -> int:
        """Matrices that it changes."""
        return len(self.weights.weights) // 2


def prepare_adapter(folder: Path, base: Path | None) -> Adapter:
    """Read and check the adapter in `folder`; `base` is the folder of the model it was trained on.

    Without `base` it is what the adapter itself names, if that is a folder. Raises BadInput.
    """
    path = folder / CONFIG
    config = read_json(path)
    _check_kind(config, path)
    shape = _base_shape(config, path, base)
    weights = _read_weights(folder / FILE, shape)
    metadata = read_metadata(folder, {}, -_n_changed(weights), folder.resolve().name)
    return Adapter(_alpha(config, path), metadata, weights)


def write_adapter(
    adapter: Adapter, target: Path, kind: str, advance: Callable[[int], None]
) -> None:
    """Write the GGUF adapter with its matrices as `kind`; raises QuantizeError."""

    def add_keys(writer: gguf.GGUFWriter) -> None:
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        adapter.metadata.set_gguf_meta_model(writer)
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, adapter.alpha)
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)

    write_gguf(target, adapter.weights, kind, add_keys, advance)


def _n_changed(weights: Weights) -> int:
    """Weights of the base model that it changes; by it a size in the name is judged."""
    halves = [weight.source.dimensions for weight in weights.weights]
    return sum(b[0] * a[1] for a, b in zip(halves[::2], halves[1::2], strict=True))


def _check_kind(config: dict[str, Any], path: Path) -> None:
    if config.get("peft_type") != "LORA":
        raise BadInput(f'"peft_type" in {path} is not "LORA"; only such adapters can be converted.')
    if config.get("bias", "none") != "none":
        raise BadInput(f'"bias" in {path} is set; llama.cpp\'s adapters have no biases.')
    for key, what in {
        "use_dora": "DoRA",
        "lora_bias": "biases",
        "modules_to_save": "whole layers beside it",
        "alpha_pattern": "layers of different strength",
        "alora_invocation_tokens": "tokens that switch it on",
    }.items():
        if config.get(key):
            raise BadInput(f'"{key}" in {path}: {what} are beyond what llama.cpp\'s adapters can.')


def _alpha(config: dict[str, Any], path: Path) -> float:
    """What llama.cpp divides by the rank; rank-stabilized LoRA divides by the root of the rank."""
    if config.get("lora_alpha") is None:
        raise BadInput(f'"lora_alpha" in {path} is missing.')
    alpha = real_number(config, "lora_alpha", str(path), 1.0)
    if not flag(config, "use_rslora", str(path), False):
        return alpha
    if config.get("rank_pattern"):
        raise BadInput(
            f'"use_rslora" with "rank_pattern" in {path} is beyond llama.cpp\'s adapters.'
        )
    return alpha * math.sqrt(whole_number(config, "r", str(path), _MOST_RANK))


def _base_shape(config: dict[str, Any], path: Path, base: Path | None) -> Shape:
    named = config.get("base_model_name_or_path")
    if base is None and isinstance(named, str) and _is_folder(named):
        base = Path(named)
    if base is None:
        shown = f" ({named[:80]!r} by {CONFIG})" if isinstance(named, str) and named else ""
        raise BadInput(
            f"The model that {path.parent} was trained on{shown} is no folder here; name one with "
            "its config.json by --base."
        )
    where = base / "config.json"
    return read_shape(read_json(where), str(where))


def _is_folder(named: str) -> bool:
    try:
        return bool(named) and Path(named).is_dir()
    except (OSError, ValueError):
        # Longer than a name may be, say.
        return False


def _read_weights(path: Path, shape: Shape) -> Weights:
    if not path.is_file():
        raise BadInput(f"{path} is missing; an adapter is read from safetensors only.")
    expected = targets(shape)
    pairs: dict[str, dict[str, safetensors.Tensor]] = {}
    for name, tensor in safetensors.read_tensors(path).items():
        ending = next((e for e in _ENDINGS if name.endswith(e)), None)
        layer = name.removesuffix(ending or "").removeprefix(_PREFIX) + ".weight"
        target = expected.get(layer)
        if ending is None or target is None or not _can_be_adapted(layer, shape):
            raise BadInput(
                f"{path} holds {name[:120]!r}, which llama.cpp cannot apply to the base model."
            )
        pairs.setdefault(layer, {})[ending] = tensor
    if not pairs:
        raise BadInput(f"{path} holds no tensors.")
    weights = [
        weight for layer, pair in pairs.items() for weight in _pair(path, expected[layer], pair)
    ]
    return Weights(tuple(weights), (path,))


def _can_be_adapted(layer: str, shape: Shape) -> bool:
    """Matrices of the layers; the output matrix only where it is not the embedding as well."""
    if layer == OUTPUT:
        return not shape.is_tied
    return ".layers." in layer and "norm" not in layer


def _pair(path: Path, target: Target, pair: dict[str, safetensors.Tensor]) -> list[Weight]:
    """Both halves of an adapted matrix, of shapes (rank, columns) and (rows, rank)."""
    rows, columns = target.dimensions
    found = [pair[ending] for ending in _ENDINGS if ending in pair]
    rank = found[0].dimensions[0] if found[0].dimensions else 0
    expected = [(rank, columns), (rows, rank)]
    if [tensor.dimensions for tensor in found] != expected or not 1 <= rank <= _MOST_RANK:
        raise BadInput(
            f"The two parts of {target.name} in {path} are not of the shapes (rank, {columns}) and "
            f"({rows}, rank); is it another base model's?"
        )
    for tensor in found:
        if tensor.dtype not in DTYPES:
            raise BadInput(
                f"{tensor.name[:120]!r} in {path} is {tensor.dtype}, not F32, F16 or BF16."
            )
    return [
        Weight(path, tensor, Target(target.name + ending, tensor.dimensions))
        for tensor, ending in zip(found, _ENDINGS.values(), strict=True)
    ]
