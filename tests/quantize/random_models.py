"""Small GGUF models of StarCoder2's architecture with seeded random weights.

Columns are multiples of 256, the largest block of llama.cpp's types, so that each type applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from quantize.gguf_header import read_header
from sc2_lsp.models import BUNDLED_MODEL

FIM_KEYS = tuple(
    f"tokenizer.ggml.{name}_token_id"
    for name in ("fim_pre", "fim_suf", "fim_mid", "fim_pad", "fim_rep", "fim_sep")
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a model; the vocabulary is the bundled model's."""

    n_layers: int = 2
    n_embd: int = 256
    n_ff: int = 512
    n_head: int = 4
    n_head_kv: int = 2


def write_random(
    path: Path, seed: int = 1, shape: Shape = Shape(), without: tuple[str, ...] = ()
) -> Path:
    """A model at `path`, matrices in F16, without the metadata keys `without`."""
    fields = _bundled_fields()
    writer = gguf.GGUFWriter(path, "starcoder2")
    writer.add_name("random")
    writer.add_context_length(4096)
    writer.add_embedding_length(shape.n_embd)
    writer.add_block_count(shape.n_layers)
    writer.add_feed_forward_length(shape.n_ff)
    writer.add_head_count(shape.n_head)
    writer.add_head_count_kv(shape.n_head_kv)
    writer.add_layer_norm_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    for name, (value, kind, sub_kind) in fields.items():
        if name not in without:
            writer.add_key_value(name, value, kind, sub_kind)
    rng = np.random.default_rng(seed)
    n_kv = shape.n_embd // shape.n_head * shape.n_head_kv
    n_vocab = len(fields["tokenizer.ggml.tokens"][0])

    def matrix(name: str, n_rows: int, n_columns: int) -> None:
        values = rng.standard_normal((n_rows, n_columns)) / np.sqrt(n_columns)
        writer.add_tensor(f"{name}.weight", values.astype(np.float16))

    def vector(name: str, size: int, mean: float) -> None:
        values = mean + 0.1 * rng.standard_normal(size)
        writer.add_tensor(name, values.astype(np.float32))

    matrix("token_embd", n_vocab, shape.n_embd)
    vector("output_norm.weight", shape.n_embd, 1)
    vector("output_norm.bias", shape.n_embd, 0)
    for layer in range(shape.n_layers):
        for part, n_rows, n_columns in (
            ("attn_q", shape.n_embd, shape.n_embd),
            ("attn_k", n_kv, shape.n_embd),
            ("attn_v", n_kv, shape.n_embd),
            ("attn_output", shape.n_embd, shape.n_embd),
            ("ffn_up", shape.n_ff, shape.n_embd),
            ("ffn_down", shape.n_embd, shape.n_ff),
        ):
            matrix(f"blk.{layer}.{part}", n_rows, n_columns)
            vector(f"blk.{layer}.{part}.bias", n_rows, 0)
        for norm in ("attn_norm", "ffn_norm"):
            vector(f"blk.{layer}.{norm}.weight", shape.n_embd, 1)
            vector(f"blk.{layer}.{norm}.bias", shape.n_embd, 0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tensors(path: Path) -> dict[str, tuple[str, bytes]]:
    """The tensors of a file by name, with their type's name and their bytes."""
    data = path.read_bytes()
    return {
        tensor.name: (
            tensor.kind.name,
            data[tensor.byte_offset : tensor.byte_offset + tensor.n_bytes],
        )
        for tensor in read_header(path).tensors
    }


def fields(path: Path) -> dict[str, Any]:
    """The metadata of a file, lists of numbers as lists."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in read_header(path).metadata.items()
    }


@cache
def _bundled_fields() -> dict[str, tuple[Any, gguf.GGUFValueType, gguf.GGUFValueType | None]]:
    return {
        name: (field.contents(), field.types[0], field.types[1] if len(field.types) > 1 else None)
        for name, field in gguf.GGUFReader(BUNDLED_MODEL).fields.items()
        if name.startswith("tokenizer.")
    }
