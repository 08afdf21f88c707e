"""Whether a model fits the machine, and how much of it fits a GPU: decisions over numbers.

Reads nothing and loads nothing. Where a figure can only be estimated it errs towards letting the
model load: llama.cpp still refuses what it cannot allocate, while a refusal here is final.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sc2_lsp.engine.header import Header, Value
from sc2_lsp.engine.machine import Memory

# Bits of one number in the KV cache, the scales of quantized blocks included.
_KV_BITS = {"f16": 16.0, "q8_0": 8.5, "q4_0": 4.5}
_CELLS_STEP = 256
_FEWEST_USEFUL_CELLS = 4096
_GIB = 1 << 30

# The interpreter, its libraries and llama.cpp's own code.
_PROCESS_BYTES = 64 << 20
# What an operating system needs to stay usable beside the model, at most a twentieth of it all.
_SYSTEM_BYTES = 512 << 20
_SYSTEM_SHARE = 20
# What a GPU driver and the pools of a back end take on each device.
_DEVICE_BYTES = 256 << 20

_KEYS = (
    "block_count",
    "embedding_length",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
)
_LAYER = re.compile(r"blk\.(\d+)\.")
_Q4_0, _Q4_1, _Q8_0, _Q2_K, _Q4_K, _Q5_K, _Q6_K, _IQ4_NL, _IQ4_XS = 2, 3, 8, 10, 12, 13, 14, 20, 23
_AMX_TYPES = frozenset({_Q4_0, _Q4_1, _Q8_0, _Q4_K, _Q5_K, _Q6_K, _IQ4_XS})
_ARM_TYPES = frozenset({_Q4_0, _Q8_0, _Q4_K, _Q5_K, _Q6_K, _IQ4_NL})
_AVX2_TYPES = frozenset({_Q4_0, _Q4_K, _IQ4_NL})


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What of a model decides how much memory it takes. Sizes are in bytes.

    `output_bytes` is what the output layer takes on a GPU: a copy of the embedding where the two
    are tied. `matrix_bytes` are the layers' matrices by ggml's number of their type.
    """

    layer_bytes: tuple[int, ...]
    embedding_bytes: int
    output_bytes: int
    is_tied: bool
    matrix_bytes: dict[int, int]
    n_embd: int
    n_ff: int
    n_heads: int
    n_kv_numbers: int
    n_vocab: int

    @property
    def weight_bytes(self) -> int:
        output = 0 if self.is_tied else self.output_bytes
        return sum(self.layer_bytes) + self.embedding_bytes + output

    def kv_bytes(self, n_cells: int, kv_type: str) -> int:
        """Size of a KV cache of `n_cells` tokens, as llama.cpp rounds it up."""
        n_cells = -(-n_cells // _CELLS_STEP) * _CELLS_STEP
        return int(n_cells * len(self.layer_bytes) * self.n_kv_numbers * _KV_BITS[kv_type] / 8)


@dataclass(frozen=True, slots=True)
class Use:
    """How a model is to be loaded, as far as memory goes.

    `n_gpu_layers` of its layers (the output layer counts as one) are on a GPU with memory of its
    own. `copied_types` are the tensor types that llama.cpp copies into another order for this
    processor, see `copied_types`.
    """

    n_cells: int
    kv_type: str = "f16"
    n_ubatch: int = 64
    has_flash_attention: bool = True
    n_gpu_layers: int = 0
    copied_types: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Needs:
    """Main memory in bytes. Mapped weights can be read again from the file, `allocated` cannot."""

    mapped: int
    allocated: int

    @property
    def total(self) -> int:
        return self.mapped + self.allocated


def model_shape(header: Header) -> ModelShape | None:
    """The shape of the model; None where the header lacks what tells it."""
    prefix = header.metadata.get("general.architecture")
    numbers = {key: _positive(header.metadata.get(f"{prefix}.{key}")) for key in _KEYS}
    n_layers, n_embd, n_ff, n_heads, n_kv_heads = (numbers[key] for key in _KEYS)
    sizes = {tensor.name: tensor for tensor in header.tensors}
    embedding = sizes.get("token_embd.weight")
    if not (n_layers and n_embd and n_ff and n_heads and n_kv_heads and embedding):
        return None
    if len(embedding.dimensions) != 2:
        return None
    layers = [0] * n_layers
    matrices: dict[int, int] = {}
    for tensor in header.tensors:
        layer = _LAYER.match(tensor.name)
        if layer and int(layer[1]) < n_layers:
            layers[int(layer[1])] += tensor.n_bytes
            if len(tensor.dimensions) == 2:
                matrices[tensor.type_id] = matrices.get(tensor.type_id, 0) + tensor.n_bytes
    output = sizes.get("output.weight", embedding)
    return ModelShape(
        layer_bytes=tuple(layers),
        embedding_bytes=embedding.n_bytes,
        output_bytes=output.n_bytes,
        is_tied=output is embedding,
        matrix_bytes=matrices,
        n_embd=n_embd,
        n_ff=n_ff,
        n_heads=n_heads,
        n_kv_numbers=_kv_numbers(header, str(prefix), n_embd // n_heads) * n_kv_heads,
        n_vocab=embedding.dimensions[1],
    )


def _positive(value: Value | None) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _kv_numbers(header: Header, prefix: str, head_width: int) -> int:
    """Numbers that one head keeps of one token: its key and its value."""
    return sum(
        _positive(header.metadata.get(f"{prefix}.attention.{part}_length")) or head_width
        for part in ("key", "value")
    )


def copied_types(system_info: str) -> frozenset[int]:
    """Tensor types that llama.cpp keeps in another order than the file, by its own description."""
    features = set(re.findall(r"(\w+) = 1\b", system_info))
    copied: frozenset[int] = _AMX_TYPES if "AMX_INT8" in features else frozenset()
    if "REPACK" in features:
        if "AVX2" in features:
            copied |= _AVX2_TYPES
        if "AVX512" in features:
            copied |= {_Q2_K}
        if features & {"MATMUL_INT8", "DOTPROD"}:
            copied |= _ARM_TYPES
    return copied


def needs(shape: ModelShape, use: Use) -> Needs:
    """The main memory that the model takes when it is used so."""
    n_layers = len(shape.layer_bytes)
    n_gpu = min(use.n_gpu_layers, n_layers + 1)
    n_host = n_layers + 1 - max(n_gpu, 1)
    weights = shape.embedding_bytes + sum(shape.layer_bytes[:n_host])
    if not n_gpu and not shape.is_tied:
        weights += shape.output_bytes
    share = n_host / n_layers
    copied = int(share * sum(shape.matrix_bytes.get(type_id, 0) for type_id in use.copied_types))
    cache = int(share * shape.kv_bytes(use.n_cells, use.kv_type))
    allocated = copied + cache + _compute_bytes(shape, use) + _PROCESS_BYTES
    return Needs(weights - copied, allocated)


def refusal(shape: ModelShape, use: Use, memory: Memory) -> str | None:
    """A sentence for the user where the model cannot work in this memory; None where it can."""
    need = needs(shape, use)
    if need.total > _usable(memory):
        return (
            f"The model needs {_gib(need.total)} of memory ({_gib(shape.weight_bytes)} of weights, "
            f"{_gib(shape.kv_bytes(use.n_cells, use.kv_type))} for {use.n_cells} tokens in the KV "
            f"cache) and this machine has {_gib(memory.total)}; {_remedy(shape, use, memory)}."
        )
    if need.allocated > _grantable(memory):
        return (
            f"The model needs {_gib(need.allocated)} of memory that cannot be given back, and "
            f"{_gib(_grantable(memory))} are free, swap included; close other programs and restart "
            f"the server, or {_remedy(shape, use, memory)}."
        )
    return None


def may_pass(shape: ModelShape, use: Use, memory: Memory) -> bool:
    """Whether a refusal is only because other programs hold the memory just now."""
    return refusal(shape, use, replace(memory, available=memory.total)) is None


def warning(shape: ModelShape, use: Use, memory: Memory) -> str | None:
    """A sentence where the model fits, but only by pushing other programs out of memory."""
    need = needs(shape, use)
    if need.total <= memory.available:
        return None
    return (
        f"The model needs {_gib(need.total)} of memory and {_gib(memory.available)} are free now, "
        "so suggestions may be slow until other programs are closed."
    )


def gpu_layers(
    shape: ModelShape, use: Use, free_bytes: Sequence[int], wanted: int
) -> tuple[int, ...]:
    """How many layers to keep on each GPU, given the free memory of each; -1 for all that fit.

    Their sum is llama.cpp's `n_gpu_layers`, which counts from the last layer, the output layer
    first; the numbers themselves are its `tensor_split`. Devices are filled in their order.
    """
    n_all = len(shape.layer_bytes) + 1
    for n in range(n_all if wanted < 0 else min(wanted, n_all), 0, -1):
        split = _split(_costs(shape, use)[n_all - n :], _rooms(shape, use, free_bytes))
        if split is not None:
            return split
    return (0,) * len(free_bytes)


def fallbacks(n_layers: int) -> tuple[int, ...]:
    """The numbers of layers to try, one after the other, while loading onto a GPU fails."""
    steps = (n_layers, n_layers * 3 // 4, n_layers // 2, n_layers // 4, 0)
    return tuple(dict.fromkeys(steps))


def _costs(shape: ModelShape, use: Use) -> list[int]:
    """Bytes that each layer takes on a GPU with its part of the KV cache; the output layer last."""
    cache = -(-shape.kv_bytes(use.n_cells, use.kv_type) // len(shape.layer_bytes))
    return [n_bytes + cache for n_bytes in shape.layer_bytes] + [shape.output_bytes]


def _rooms(shape: ModelShape, use: Use, free_bytes: Sequence[int]) -> list[int]:
    reserve = _compute_bytes(shape, use) + _DEVICE_BYTES
    return [free - reserve for free in free_bytes]


def _split(costs: Sequence[int], rooms: Sequence[int]) -> tuple[int, ...] | None:
    """How many of the layers, in their order, go to each device; None where they do not all fit."""
    counts = []
    done = 0
    for room in rooms:
        first = done
        while done < len(costs) and costs[done] <= room:
            room -= costs[done]
            done += 1
        counts.append(done - first)
    return tuple(counts) if done == len(costs) else None


def _compute_bytes(shape: ModelShape, use: Use) -> int:
    """About what llama.cpp takes for the intermediate results of one batch."""
    logits = 4 * shape.n_vocab
    layer = 4 * (4 * shape.n_embd + 2 * shape.n_ff)
    attention = use.n_cells * (2 if use.has_flash_attention else 4 * shape.n_heads + 2)
    return use.n_ubatch * (max(logits, layer) + attention)


def _usable(memory: Memory) -> int:
    """What weights and all may take together without thrashing."""
    return memory.total - min(_SYSTEM_BYTES, memory.total // _SYSTEM_SHARE)


def _grantable(memory: Memory) -> int:
    """What may be allocated before the system has to end a program."""
    if memory.swap_free is None:
        return memory.total
    return memory.available + memory.swap_free


def _remedy(shape: ModelShape, use: Use, memory: Memory) -> str:
    """What the user can do about a refusal."""

    def is_too_much(n_steps: int) -> bool:
        need = needs(shape, replace(use, n_cells=n_steps * _CELLS_STEP))
        return need.total > _usable(memory) or need.allocated > _grantable(memory)

    n_steps = bisect_left(range(-(-use.n_cells // _CELLS_STEP)), True, key=is_too_much) - 1
    if n_steps * _CELLS_STEP >= _FEWEST_USEFUL_CELLS:
        return f"lower the setting 'kv_tokens' to {n_steps * _CELLS_STEP} or less"
    return "use a smaller quantization or a smaller model"


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / _GIB:.1f} GiB"
