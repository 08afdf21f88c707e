"""Writes a GGUF file of a StarCoder2's exact shape with random weights, to measure speed with.

What it suggests is noise. The tokenizer is the bundled model's, padded with made-up tokens to the
size of StarCoder2's. The file is written beside its target and renamed, so a reader never sees
half of it. Memory stays at some tens of megabytes whatever the shape.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import gguf
import numpy as np

from sc2_lsp.bench import blocks
from sc2_lsp.bench.failure import BenchError
from sc2_lsp.bench.shapes import Mix, Shape, Tensor, TensorType, tensors, weight_bytes
from sc2_lsp.models import BUNDLED_MODEL
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS

_SEED = 2
_DESCRIPTION = (
    "Random weights of a StarCoder2's shape: for measuring speed, it has learned nothing."
)
_FILE_TYPES = {
    Mix.Q4_K_M: gguf.LlamaFileType.MOSTLY_Q4_K_M,
    Mix.Q4_0: gguf.LlamaFileType.MOSTLY_Q4_0,
    Mix.Q8_0: gguf.LlamaFileType.MOSTLY_Q8_0,
}
_EMBEDDINGS = ("token_embd.weight", "output.weight")
# Small beside what the layers add: a model whose last token outweighs them repeats it for ever.
_EMBEDDING_STD = 0.02
# Times 1 / sqrt(inputs), which keeps the spread of what goes in. The averages that attention adds
# and the mean of GELU, which is small where its inputs are, are much the same for all tokens: not
# held down, they grow from layer to layer until the model writes one token again and again.
_GAINS = {"attn_output": 0.001, "ffn_up": 0.1, "ffn_down": 10.0}
_VOCABULARY_KEYS = "tokenizer."
_SPARE_BYTES = 64 * 1024 * 1024


def write(path: Path, shape: Shape, mix: Mix, progress: Callable[[int], object]) -> int:
    """Write the model to `path`, replacing what stands there; its size in bytes.

    `progress` is called with the bytes of weights written since the last call. Raises BenchError.
    """
    layout = list(tensors(shape, mix))
    _check_space(path, weight_bytes(shape, mix))
    try:
        with _replacing(path) as temporary:
            _write_metadata(temporary, shape, mix, layout)
            with temporary.open("ab") as file:
                _write_weights(file, layout, progress)
                file.flush()
                os.fsync(file.fileno())
            return temporary.stat().st_size
    except OSError as error:
        raise BenchError(f"{path} cannot be written: {error.strerror or error}.") from None


def _check_space(path: Path, n_bytes: int) -> None:
    try:
        free = shutil.disk_usage(path.absolute().parent).free
    except OSError as error:
        raise BenchError(f"{path} cannot be written: {error.strerror or error}.") from None
    if free < n_bytes + _SPARE_BYTES:
        raise BenchError(
            f"{path} would take {n_bytes / 1e9:.2f} GB, and its disk has {free / 1e9:.2f} GB free."
        )


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place at the end, and vanishes on a failure."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _write_metadata(path: Path, shape: Shape, mix: Mix, layout: list[Tensor]) -> None:
    """Everything that stands before the weights."""
    writer = gguf.GGUFWriter(path, "starcoder2")
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(f"synthetic-{shape.name}")
    writer.add_description(_DESCRIPTION)
    writer.add_context_length(shape.n_ctx_train)
    writer.add_embedding_length(shape.n_embd)
    writer.add_block_count(shape.n_layers)
    writer.add_feed_forward_length(shape.n_ff)
    writer.add_head_count(shape.n_head)
    writer.add_head_count_kv(shape.n_head_kv)
    writer.add_layer_norm_eps(1e-5)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_rope_dimension_count(shape.head_size)
    writer.add_file_type(_FILE_TYPES[mix])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _add_vocabulary(writer, shape.n_vocab)
    for tensor in layout:
        if tensor.is_vector:
            writer.add_tensor_info(
                tensor.name, [tensor.n_columns], np.dtype(np.float32), tensor.n_bytes
            )
        else:
            kind = gguf.GGMLQuantizationType[tensor.type.name]
            # For quantized types the writer wants the shape in bytes.
            shape_bytes = [tensor.n_rows, tensor.row_bytes]
            writer.add_tensor_info(
                tensor.name, shape_bytes, np.dtype(np.uint8), tensor.n_bytes, kind
            )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()


def _add_vocabulary(writer: gguf.GGUFWriter, n_vocab: int) -> None:
    """The bundled model's tokenizer with all its keys, padded to `n_vocab` tokens."""
    for name, field in gguf.GGUFReader(BUNDLED_MODEL).fields.items():
        if not name.startswith(_VOCABULARY_KEYS):
            continue
        value = field.contents()
        if name == gguf.Keys.Tokenizer.LIST:
            value = [*value, *_made_up_tokens(len(value), n_vocab)]
        elif name == gguf.Keys.Tokenizer.TOKEN_TYPE:
            value = [*value, *[int(gguf.TokenType.NORMAL)] * (n_vocab - len(value))]
        kind = field.types[0]
        writer.add_key_value(name, value, kind, field.types[1] if len(field.types) > 1 else None)


def _made_up_tokens(first: int, n_vocab: int) -> Iterator[str]:
    """Words that no code holds, with a leading blank as byte-level BPE writes it."""
    for token in range(first, n_vocab):
        yield f"\u0120tok{token}"


def _write_weights(file: BinaryIO, layout: list[Tensor], progress: Callable[[int], object]) -> None:
    rng = np.random.default_rng(_SEED)
    patterns: dict[tuple[TensorType, float], blocks.Bytes] = {}
    for tensor in layout:
        _pad(file)
        if tensor.is_vector:
            file.write(_vector(tensor))
            progress(tensor.n_bytes)
            continue
        std = _std(tensor)
        key = (tensor.type, std)
        if key not in patterns:
            patterns[key] = blocks.draw(tensor.type, std, rng)
        for piece in _matrix(tensor, patterns[key], rng):
            file.write(piece)
            progress(len(piece))
    _pad(file)


def _matrix(
    tensor: Tensor, pattern: blocks.Bytes, rng: np.random.Generator
) -> Iterator[memoryview]:
    n_bytes = tensor.n_bytes
    if tensor.name in _EMBEDDINGS:
        # Logits of 0 for the special tokens: none of them is ever the likeliest.
        silent = memoryview(bytes(tensor.row_bytes * N_SPECIAL_TOKENS))
        n_bytes -= len(silent)
        yield silent
    block_bytes = tensor.type.block_bytes
    start = int(rng.integers(len(pattern) // block_bytes)) * block_bytes
    yield from blocks.tiled(pattern, start, n_bytes)


def _std(tensor: Tensor) -> float:
    if tensor.name in _EMBEDDINGS:
        return _EMBEDDING_STD
    role = tensor.name.split(".")[-2]
    return _GAINS.get(role, 1.0) / math.sqrt(tensor.n_columns)


def _vector(tensor: Tensor) -> bytes:
    """The scale of a norm, which is 1, or a bias, which is 0."""
    value = 1.0 if tensor.name.endswith("norm.weight") else 0.0
    return np.full(tensor.n_columns, value, dtype="<f4").tobytes()


def _pad(file: BinaryIO) -> None:
    """Zeros up to where the next tensor may begin."""
    file.write(bytes(-file.tell() % gguf.GGUF_DEFAULT_ALIGNMENT))
