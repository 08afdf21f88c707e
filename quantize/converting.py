"""A StarCoder2 checkpoint as a GGUF file: everything checked first, then the weights streamed.

The file holds what llama.cpp's convert_hf_to_gguf.py writes, tensors and metadata alike, and behind
that keys which it leaves out: the ids of the fill-in-the-middle tokens, and where the file comes
from. A few buffers of weights are in memory at a time, whatever the size of the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

from quantize.card import read_metadata
from quantize.checkpoint import Weights, read_weights
from quantize.gguf_file import write_gguf
from quantize.jsonfile import read_json
from quantize.model_keys import add_model_keys, add_tokenizer_keys
from quantize.shape import Shape, read_shape
from quantize.source import Source
from quantize.tokenizer import Tokenizer, read_tokenizer

AUTO = "auto"
_FILE_TYPES = {
    "F32": gguf.LlamaFileType.ALL_F32,
    "F16": gguf.LlamaFileType.MOSTLY_F16,
    "BF16": gguf.LlamaFileType.MOSTLY_BF16,
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """A checkpoint that was read and found right; `kind` is what its matrices become."""

    source: Source
    shape: Shape
    tokenizer: Tokenizer
    metadata: gguf.Metadata
    weights: Weights
    kind: str

    @property
    def n_source_bytes(self) -> int:
        """What is read while it is written: the files as a whole, because they are hashed."""
        return sum(file.stat().st_size for file in self.weights.files)

    @property
    def n_parameters(self) -> int:
        return sum(weight.source.n_elements for weight in self.weights.weights)


def prepare(source: Source, kind: str, licence: str | None) -> Conversion:
    """Read and check all of the checkpoint but its weights.

    `kind` is "F32", "F16", "BF16" or AUTO; `licence` replaces that of the model's card. Raises
    BadInput.
    """
    path = source.folder / "config.json"
    config: dict[str, Any] = read_json(path)
    shape = read_shape(config, str(path))
    tokenizer = read_tokenizer(source.folder, config, shape.n_vocab)
    weights = read_weights(source.folder, shape)
    n_parameters = sum(weight.source.n_elements for weight in weights.weights)
    metadata = read_metadata(source.folder, config, n_parameters, source.name)
    metadata.license = licence or metadata.license
    found = _kind(weights) if kind == AUTO else kind
    return Conversion(source, shape, tokenizer, metadata, weights, found)


def write(conversion: Conversion, target: Path, advance: Callable[[int], None]) -> None:
    """Write the GGUF file `target`, calling `advance` with the bytes of each buffer that was read.

    Raises QuantizeError, also for a weight that is not finite; then no file is new.
    """

    def add_keys(writer: gguf.GGUFWriter) -> None:
        _add_keys(writer, conversion)

    write_gguf(target, conversion.weights, conversion.kind, add_keys, advance)


def _kind(weights: Weights) -> str:
    """The 16-bit kind of the first matrix that has one, else F16, as llama.cpp's converter does."""
    kinds = (w.source.dtype for w in weights.weights if w.target.is_matrix)
    return next((kind for kind in kinds if kind in ("BF16", "F16")), "F16")


def _add_keys(writer: gguf.GGUFWriter, conversion: Conversion) -> None:
    """In the order of llama.cpp's converter; what it does not write comes last."""
    writer.add_type(gguf.GGUFType.MODEL)
    conversion.metadata.set_gguf_meta_model(writer)
    add_model_keys(writer, conversion.shape)
    writer.add_file_type(_FILE_TYPES[conversion.kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    add_tokenizer_keys(writer, conversion.tokenizer)
    source = conversion.source
    if source.repository:
        writer.add_source_repo_url(f"https://huggingface.co/{source.repository}")
    writer.add_string("sc2.source.revision", source.revision or "")
