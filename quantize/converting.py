"""A StarCoder2 checkpoint as a GGUF file: everything checked first, then the weights streamed.

The file holds what llama.cpp's convert_hf_to_gguf.py writes, tensors and metadata alike, and behind
that keys which it leaves out: the ids of the fill-in-the-middle tokens, and where the file comes
from. A few buffers of weights are in memory at a time, whatever the size of the model.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import gguf
import numpy as np

from quantize import __version__
from quantize.card import read_metadata
from quantize.checkpoint import Weight, Weights, read_weights
from quantize.jsonfile import read_json
from quantize.model_keys import add_model_keys, add_tokenizer_keys
from quantize.replacing import replacing
from quantize.room import check_room
from quantize.safetensors import ELEMENT_BYTES
from quantize.shape import Shape, read_shape
from quantize.source import Source
from quantize.streaming import Piece, stream
from quantize.tokenizer import Tokenizer, read_tokenizer

AUTO = "auto"
KINDS = {
    "F32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "F16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "BF16": (gguf.GGMLQuantizationType.BF16, gguf.LlamaFileType.MOSTLY_BF16),
}
_HEADER_ROOM = 32 << 20
# gguf looks at it only where no type of its own is given.
_ANY_DTYPE = np.dtype(np.float32)


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
        return sum(weight.source.n_bytes for weight in self.weights.weights)

    @property
    def n_parameters(self) -> int:
        return sum(weight.source.n_elements for weight in self.weights.weights)


def prepare(source: Source, kind: str, licence: str | None) -> Conversion:
    """Read and check all of the checkpoint but its weights.

    `kind` is one of KINDS or AUTO, `licence` replaces that of the model's card. Raises BadInput.
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

    Raises BadInput, also for a weight that is not finite, and NoRoom; then there is no file, or the
    old one.
    """
    check_room(target, _n_data_bytes(conversion) + _HEADER_ROOM)
    with replacing(target) as part:
        writer = gguf.GGUFWriter(None, "starcoder2")
        _add_keys(writer, conversion)
        places = _add_tensors(writer, conversion)
        writer.write_header_to_file(part)
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        with part.open("r+b") as file:
            start = _padded(file.seek(0, os.SEEK_END))
            file.truncate(start + _n_data_bytes(conversion))
            hashes = [
                stream(path, _pieces(conversion, path, places, start), file, advance)
                for path in conversion.weights.files
            ]
            _fill_in(file, start, hashes)


def _kind(weights: Weights) -> str:
    """The 16-bit kind of the first matrix that has one, else F16, as llama.cpp's converter does."""
    kinds = (w.source.dtype for w in weights.weights if w.target.is_matrix)
    return next((kind for kind in kinds if kind in ("BF16", "F16")), "F16")


def _kind_of(weight: Weight, kind: str) -> str:
    return kind if weight.target.is_matrix else "F32"


def _n_bytes(weight: Weight, kind: str) -> int:
    return weight.source.n_elements * ELEMENT_BYTES[_kind_of(weight, kind)]


def _n_data_bytes(conversion: Conversion) -> int:
    return sum(_padded(_n_bytes(w, conversion.kind)) for w in conversion.weights.weights)


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // gguf.GGUF_DEFAULT_ALIGNMENT) * gguf.GGUF_DEFAULT_ALIGNMENT


def _add_keys(writer: gguf.GGUFWriter, conversion: Conversion) -> None:
    """All metadata, in the order of llama.cpp's converter; what it does not write comes last."""
    writer.add_type(gguf.GGUFType.MODEL)
    conversion.metadata.set_gguf_meta_model(writer)
    add_model_keys(writer, conversion.shape)
    writer.add_file_type(KINDS[conversion.kind][1])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    add_tokenizer_keys(writer, conversion.tokenizer)
    source = conversion.source
    if source.repository:
        writer.add_source_repo_url(f"https://huggingface.co/{source.repository}")
    writer.add_string("sc2.source.revision", source.revision or "")
    writer.add_array("sc2.source.files", [file.name for file in conversion.weights.files])
    hashes = [_placeholder(i) for i in range(len(conversion.weights.files))]
    writer.add_array("sc2.source.sha256", hashes)
    writer.add_string("sc2.converter", f"sc2-quantize {__version__}")


def _add_tensors(writer: gguf.GGUFWriter, conversion: Conversion) -> dict[str, int]:
    """Add what is said of each tensor; returns where each one's data begins behind the header."""
    places: dict[str, int] = {}
    end = 0
    for weight in conversion.weights.weights:
        kind, n_bytes = _kind_of(weight, conversion.kind), _n_bytes(weight, conversion.kind)
        shape, ggml_kind = weight.target.dimensions, KINDS[kind][0]
        writer.add_tensor_info(weight.target.name, shape, _ANY_DTYPE, n_bytes, ggml_kind)
        places[weight.target.name] = end
        end += _padded(n_bytes)
    return places


def _pieces(conversion: Conversion, path: Path, places: dict[str, int], start: int) -> list[Piece]:
    """What is taken of the file at `path`, and where it goes."""
    return [
        Piece(
            name=weight.source.name,
            byte_offset=weight.source.byte_offset,
            n_bytes=weight.source.n_bytes,
            from_kind=weight.source.dtype,
            to_kind=_kind_of(weight, conversion.kind),
            target_offset=start + places[weight.target.name],
        )
        for weight in conversion.weights.weights
        if weight.file == path
    ]


def _placeholder(number: int) -> str:
    """Stands in the header for the hash of a file that is not read yet, as long as that."""
    return f"{number:064x}"


def _fill_in(file: BinaryIO, n_header: int, hashes: list[str]) -> None:
    """Put the hashes where their placeholders stand, one behind the other."""
    file.seek(0)
    header = file.read(n_header)
    position = header.index(b"sc2.source.sha256")
    for number, digest in enumerate(hashes):
        position = header.index(_placeholder(number).encode(), position)
        file.seek(position)
        file.write(digest.encode())
