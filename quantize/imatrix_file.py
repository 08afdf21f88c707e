"""Importance matrices in llama.cpp's GGUF format: per matrix the sums of its inputs' squares.

`NAME.in_sum2` holds a float for each column of NAME, `NAME.counts` the number of input rows that
were summed (llama.cpp's tools/imatrix). Nothing of the text they were made from is in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

from quantize.failures import BadInput

Floats = npt.NDArray[np.float32]

_SUMS, _COUNTS = ".in_sum2", ".counts"
_DATASETS, _N_CHUNKS, _CHUNK_SIZE = (
    "imatrix.datasets",
    "imatrix.chunk_count",
    "imatrix.chunk_size",
)


@dataclass(frozen=True, slots=True)
class Importance:
    """`sums[name]` has a value per column; `counts[name]` rows were summed for it."""

    sums: Mapping[str, Floats]
    counts: Mapping[str, int]
    n_chunks: int
    chunk_size: int
    dataset: str

    def means(self) -> dict[str, Floats]:
        """What llama.cpp's quantizer wants: mean squares, 1 where nothing was seen."""
        return {
            name: np.ascontiguousarray(
                sums / np.float32(count) if count > 0 else np.ones_like(sums), dtype=np.float32
            )
            for name, sums in self.sums.items()
            for count in (self.counts[name],)
        }


def write(path: Path, importance: Importance) -> None:
    """Write the file; entries are in the order of their names, as llama.cpp writes them."""
    writer = gguf.GGUFWriter(path, "")
    writer.kv_data[0].clear()  # an importance matrix has no architecture
    writer.add_type("imatrix")
    writer.add_array(_DATASETS, [importance.dataset])
    writer.add_uint32(_N_CHUNKS, importance.n_chunks)
    writer.add_uint32(_CHUNK_SIZE, importance.chunk_size)
    for name in sorted(importance.sums):
        sums = importance.sums[name].astype(np.float32)
        writer.add_tensor(name + _SUMS, sums.reshape(1, -1))
        writer.add_tensor(name + _COUNTS, np.array([[importance.counts[name]]], dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read(path: Path) -> Importance:
    """The importance matrix in `path`. Raises BadInput."""
    try:
        reader = gguf.GGUFReader(path)
        tensors = {tensor.name: tensor for tensor in reader.tensors}
        sums, counts = {}, {}
        for name, tensor in tensors.items():
            if name.endswith(_SUMS):
                of = name.removesuffix(_SUMS)
                sums[of] = np.array(tensor.data, dtype=np.float32).reshape(-1)
                counts[of] = round(float(tensors[of + _COUNTS].data.reshape(-1)[0]))
        importance = Importance(
            sums,
            counts,
            n_chunks=_number(reader, _N_CHUNKS),
            chunk_size=_number(reader, _CHUNK_SIZE),
            dataset=_first_text(reader, _DATASETS),
        )
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None
    # The reader trusts what a file says of itself: sizes and types may be anything.
    except Exception as error:
        raise BadInput(
            f"{path} is no importance matrix in llama.cpp's GGUF format ({error}); "
            "make one with 'sc2-quantize imatrix'."
        ) from None
    if not sums:
        raise BadInput(f"{path} holds no importance matrix; make one with 'sc2-quantize imatrix'.")
    for name, values in sums.items():
        if not np.isfinite(values).all():
            raise BadInput(f"{path} has values that are no numbers for {name}; make it again.")
    return importance


def _number(reader: gguf.GGUFReader, key: str) -> int:
    field = reader.get_field(key)
    return int(field.contents()) if field else 0


def _first_text(reader: gguf.GGUFReader, key: str) -> str:
    field = reader.get_field(key)
    texts = field.contents() if field else []
    return str(texts[0]) if texts else ""
