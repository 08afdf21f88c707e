"""Writes GGUF files of a layout: hollow ones that only sizes are asked of, and noise to time.

Part of the child processes. What the noise suggests has no meaning; it computes as long as a real
model of the same widths does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import gguf
import numpy as np

from quantize.ggml import quantize_rows
from quantize.layouts import Layout
from quantize.type_names import TENSOR_TYPES, n_bytes

_ROWS = 64
_FLOAT = np.dtype(np.float32)
_HOLLOW = "F16"


def write_hollow(path: Path, layout: Layout) -> None:
    """A file that has a header and, where the file system can, holes instead of weights."""
    kinds = {name: _HOLLOW for name, *_ in layout.matrices()}
    size = _write_header(path, layout, kinds)
    with path.open("r+b") as file:
        file.truncate(size)


def write_noise(path: Path, layout: Layout, kinds: Mapping[str, str]) -> None:
    """A model whose matrices have the types `kinds`, each row one of a few random ones."""
    rng = np.random.default_rng(5)
    rows: dict[tuple[str, int], bytes] = {}
    _write_header(path, layout, kinds)
    with path.open("r+b") as file:
        file.seek(0, 2)
        for name, n_rows, n_columns in layout.matrices():
            key = kinds[name], n_columns
            if key not in rows:
                values = rng.standard_normal((_ROWS, n_columns)) / np.sqrt(n_columns)
                rows[key] = _quantized(values.astype(np.float32), kinds[name])
            n_whole, rest = divmod(n_rows, _ROWS)
            row_bytes = len(rows[key]) // _ROWS
            _pad_to(file.tell(), file)
            for _ in range(n_whole):
                file.write(rows[key])
            file.write(rows[key][: rest * row_bytes])
        for name, size in layout.vectors():
            _pad_to(file.tell(), file)
            value = 1.0 if name.endswith("norm.weight") else 0.0
            file.write(np.full(size, value, np.float32).tobytes())
        _pad_to(file.tell(), file)


def weight_bytes(layout: Layout, kinds: Mapping[str, str]) -> int:
    """What has to be read for each token: all matrices but those that only rows are taken of."""
    return sum(
        n_bytes(kinds[name], (n_rows, n_columns))
        for name, n_rows, n_columns in layout.matrices()
        if layout.is_tied or name != "token_embd.weight"
    )


def file_bytes(layout: Layout, kinds: Mapping[str, str]) -> int:
    """The weights in a file of the layout, padding included, without the vocabulary."""
    sizes = [n_bytes(kinds[name], (rows, columns)) for name, rows, columns in layout.matrices()]
    sizes += [4 * size for _, size in layout.vectors()]
    return sum(size + -size % gguf.GGUF_DEFAULT_ALIGNMENT for size in sizes)


def _quantized(values: np.ndarray[tuple[int, int], np.dtype[np.float32]], kind: str) -> bytes:
    if kind == "F32":
        return values.tobytes()
    return quantize_rows(values, TENSOR_TYPES[kind])


def _write_header(path: Path, layout: Layout, kinds: Mapping[str, str]) -> int:
    """Everything before the weights; the size that the whole file will have."""
    writer = gguf.GGUFWriter(path, "starcoder2")
    writer.add_name("synthetic")
    writer.add_context_length(16384)
    writer.add_embedding_length(layout.n_embd)
    writer.add_block_count(layout.n_layers)
    writer.add_feed_forward_length(layout.n_ff)
    writer.add_head_count(layout.n_heads)
    writer.add_head_count_kv(layout.n_kv_heads)
    writer.add_layer_norm_eps(1e-5)
    writer.add_rope_freq_base(100000.0)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_vocab_size(layout.n_vocab)
    writer.add_tokenizer_model("none")
    for name, n_rows, n_columns in layout.matrices():
        size = n_bytes(kinds[name], (n_rows, n_columns))
        kind = gguf.GGMLQuantizationType[kinds[name]]
        shape = gguf.quant_shape_to_byte_shape((n_rows, n_columns), kind)
        dtype = np.dtype(np.uint8)
        if kinds[name] in ("F32", "F16"):
            shape, dtype = (n_rows, n_columns), np.dtype(f"float{kinds[name][1:]}")
        writer.add_tensor_info(name, list(shape), dtype, size, kind)
    for name, size in layout.vectors():
        writer.add_tensor_info(name, [size], _FLOAT, 4 * size)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with path.open("r+b") as file:
        file.seek(0, 2)
        _pad_to(file.tell(), file)
        return file.tell() + file_bytes(layout, kinds)


def _pad_to(position: int, file: BinaryIO) -> None:
    file.write(bytes(-position % gguf.GGUF_DEFAULT_ALIGNMENT))
