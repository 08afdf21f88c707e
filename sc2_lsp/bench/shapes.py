"""The tensors of a StarCoder2 model: names, shapes, and the type each gets in a quantization mix.

Knows sizes alone; weights are made elsewhere. Shapes are those of the public configurations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class TensorType(Enum):
    """How llama.cpp stores numbers: how many a block holds, and in how many bytes."""

    F32 = (1, 4)
    Q4_0 = (32, 18)
    Q8_0 = (32, 34)
    Q4_K = (256, 144)
    Q6_K = (256, 210)

    def __init__(self, block_size: int, block_bytes: int) -> None:
        self.block_size = block_size
        self.block_bytes = block_bytes


class Mix(str, Enum):
    """A way of llama.cpp's to choose a type for each tensor."""

    Q4_K_M = "Q4_K_M"
    Q4_0 = "Q4_0"
    Q8_0 = "Q8_0"


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model. `n_ctx_train` is in tokens, `n_head_kv` counts grouped KV heads."""

    name: str
    n_layers: int
    n_embd: int
    n_ff: int
    n_head: int
    n_head_kv: int
    rope_theta: float
    n_ctx_train: int = 16_384
    n_vocab: int = 49_152
    is_tied: bool = True

    @property
    def head_size(self) -> int:
        return self.n_embd // self.n_head


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("3b", 30, 3072, 12_288, 24, 2, 999_999.442),
        Shape("7b", 32, 4608, 18_432, 36, 4, 1_000_000.0),
        Shape("15b", 40, 6144, 24_576, 48, 4, 100_000.0, is_tied=False),
        # The bundled model's sizes, for tests.
        Shape("tiny", 6, 256, 1024, 4, 2, 100_000.0, 4096, 8192),
    )
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of `n_rows` rows of `n_columns` numbers; a vector has one row."""

    name: str
    n_rows: int
    n_columns: int
    type: TensorType

    @property
    def row_bytes(self) -> int:
        return self.n_columns // self.type.block_size * self.type.block_bytes

    @property
    def n_bytes(self) -> int:
        return self.n_rows * self.row_bytes

    @property
    def is_vector(self) -> bool:
        return self.type is TensorType.F32


def tensors(shape: Shape, mix: Mix) -> Iterator[Tensor]:
    """Every tensor of the model, in the order of a converted file."""
    embd, kv = shape.n_embd, shape.head_size * shape.n_head_kv
    plain = _PLAIN[mix]
    yield Tensor(
        "token_embd.weight", shape.n_vocab, embd, _output_type(mix) if shape.is_tied else plain
    )
    yield from _norm("output_norm", embd)
    if not shape.is_tied:
        yield Tensor("output.weight", shape.n_vocab, embd, _output_type(mix))
    for layer in range(shape.n_layers):
        wide = plain
        if mix is Mix.Q4_K_M and _gets_more_bits(layer, shape.n_layers):
            wide = TensorType.Q6_K
        yield from _norm(f"blk.{layer}.attn_norm", embd)
        yield from _linear(f"blk.{layer}.attn_q", embd, embd, plain)
        yield from _linear(f"blk.{layer}.attn_k", kv, embd, plain)
        yield from _linear(f"blk.{layer}.attn_v", kv, embd, wide)
        yield from _linear(f"blk.{layer}.attn_output", embd, embd, plain)
        yield from _norm(f"blk.{layer}.ffn_norm", embd)
        yield from _linear(f"blk.{layer}.ffn_up", shape.n_ff, embd, plain)
        yield from _linear(f"blk.{layer}.ffn_down", embd, shape.n_ff, wide)


def weight_bytes(shape: Shape, mix: Mix) -> int:
    """Size of all weights, without a file's metadata."""
    return sum(tensor.n_bytes for tensor in tensors(shape, mix))


_PLAIN = {
    Mix.Q4_K_M: TensorType.Q4_K,
    Mix.Q4_0: TensorType.Q4_0,
    Mix.Q8_0: TensorType.Q8_0,
}


def _output_type(mix: Mix) -> TensorType:
    """Of the matrix that makes logits; llama.cpp gives it at least six bits."""
    return TensorType.Q8_0 if mix is Mix.Q8_0 else TensorType.Q6_K


def _gets_more_bits(layer: int, n_layers: int) -> bool:
    """Whether Q4_K_M widens `attn_v` and `ffn_down` here: both ends, and each third between."""
    eighth = n_layers // 8
    return layer < eighth or layer >= 7 * n_layers // 8 or (layer - eighth) % 3 == 2


def _norm(name: str, size: int) -> Iterator[Tensor]:
    yield Tensor(f"{name}.weight", 1, size, TensorType.F32)
    yield Tensor(f"{name}.bias", 1, size, TensorType.F32)


def _linear(name: str, n_out: int, n_in: int, weight_type: TensorType) -> Iterator[Tensor]:
    yield Tensor(f"{name}.weight", n_out, n_in, weight_type)
    yield Tensor(f"{name}.bias", 1, n_out, TensorType.F32)
