"""The sizes of a StarCoder2, and the tensors that follow from them: no weights, no files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from quantize.failures import BadInput
from quantize.gguf_header import read_header
from quantize.jsonfile import read_json
from quantize.shape import read_shape


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes of a model; with tied embeddings there is no matrix for the output."""

    name: str
    n_layers: int
    n_embd: int
    n_ff: int
    n_heads: int
    n_kv_heads: int
    n_vocab: int = 49152
    is_tied: bool = True

    def kv_bytes(self, n_tokens: int) -> int:
        """The KV cache of `n_tokens`, in F16."""
        n_values = self.n_layers * self.n_kv_heads * (self.n_embd // self.n_heads)
        return 2 * 2 * n_values * n_tokens

    def matrices(self) -> Iterator[tuple[str, int, int]]:
        """Name, rows and columns of each matrix."""
        n_kv = self.n_embd // self.n_heads * self.n_kv_heads
        yield "token_embd.weight", self.n_vocab, self.n_embd
        if not self.is_tied:
            yield "output.weight", self.n_vocab, self.n_embd
        for layer in range(self.n_layers):
            for part, n_rows, n_columns in (
                ("attn_q", self.n_embd, self.n_embd),
                ("attn_k", n_kv, self.n_embd),
                ("attn_v", n_kv, self.n_embd),
                ("attn_output", self.n_embd, self.n_embd),
                ("ffn_up", self.n_ff, self.n_embd),
                ("ffn_down", self.n_embd, self.n_ff),
            ):
                yield f"blk.{layer}.{part}.weight", n_rows, n_columns

    def vectors(self) -> Iterator[tuple[str, int]]:
        """Name and size of each norm and bias."""
        yield "output_norm.weight", self.n_embd
        yield "output_norm.bias", self.n_embd
        for name, n_rows, _ in self.matrices():
            if name.startswith("blk."):
                yield name.replace(".weight", ".bias"), n_rows
        for layer in range(self.n_layers):
            for part in ("attn_norm", "ffn_norm"):
                for kind in ("weight", "bias"):
                    yield f"blk.{layer}.{part}.{kind}", self.n_embd

    def with_layers(self, n_layers: int) -> Layout:
        """The same widths with fewer layers."""
        return replace(self, n_layers=n_layers)

    def options(self) -> dict[str, Any]:
        """As the jobs want it."""
        return asdict(self)


# From the public config.json of the three models (bigcode/starcoder2-3b, -7b, -15b).
SHAPES = {
    "3b": Layout("3b", 30, 3072, 12288, 24, 2),
    "7b": Layout("7b", 32, 4608, 18432, 36, 4),
    "15b": Layout("15b", 40, 6144, 24576, 48, 4, is_tied=False),
}


def of_model(path: Path) -> Layout:
    """The layout of a GGUF file, or of a checkpoint's folder. Raises BadInput."""
    if path.is_dir():
        config = path / "config.json"
        shape = read_shape(read_json(config), str(config))
        sizes = (shape.n_layers, shape.n_embd, shape.n_ff, shape.n_heads, shape.n_kv_heads)
        return Layout(path.resolve().name, *sizes, shape.n_vocab, shape.is_tied)
    header = read_header(path)
    keys = (
        "block_count",
        "embedding_length",
        "feed_forward_length",
        "attention.head_count",
        "attention.head_count_kv",
    )
    values = [header.metadata.get(f"starcoder2.{key}") for key in keys]
    tensors = {tensor.name: tensor.dimensions for tensor in header.tensors}
    embedding = tensors.get("token_embd.weight", ())
    whole = [value for value in values if isinstance(value, int) and value > 0]
    if len(whole) < len(keys) or len(embedding) != 2:
        raise BadInput(f"{path} is no StarCoder2 model; name one, or a size with --shape.")
    n_layers, n_embd, n_ff, n_heads, n_kv_heads = whole
    is_tied = "output.weight" not in tensors
    return Layout(path.stem, n_layers, n_embd, n_ff, n_heads, n_kv_heads, embedding[1], is_tied)
