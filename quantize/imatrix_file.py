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
from quantize.gguf_header import Header, Tensor, read_header

Floats = npt.NDArray[np.float32]

_MOST_ROWS = 2**53
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
    header = read_header(path)
    tensors = {tensor.name: tensor for tensor in header.tensors}
    sums, counts = {}, {}
    for name in tensors:
        if name.endswith(_SUMS):
            of = name.removesuffix(_SUMS)
            values, rows = (_values(path, tensors.get(of + end)) for end in (_SUMS, _COUNTS))
            if not np.isfinite(values).all() or len(rows) != 1 or not 0 <= rows[0] < _MOST_ROWS:
                raise BadInput(f"{path} has values for {of} that cannot be right; make it again.")
            sums[of], counts[of] = values, round(float(rows[0]))
    if not sums:
        raise BadInput(f"{path} holds no importance matrix; make one with 'sc2-quantize imatrix'.")
    datasets = header.metadata.get(_DATASETS)
    return Importance(
        sums,
        counts,
        n_chunks=_number(header, _N_CHUNKS),
        chunk_size=_number(header, _CHUNK_SIZE),
        dataset=str(datasets[0]) if isinstance(datasets, list) and datasets else "",
    )


def _values(path: Path, tensor: Tensor | None) -> Floats:
    if tensor is None or tensor.kind is not gguf.GGMLQuantizationType.F32:
        raise BadInput(f"{path} is no importance matrix of llama.cpp's kind; make it again.")
    with path.open("rb") as file:
        file.seek(tensor.byte_offset)
        return np.frombuffer(file.read(tensor.n_bytes), "<f4").astype(np.float32)


def _number(header: Header, key: str) -> int:
    value = header.metadata.get(key, 0)
    return value if isinstance(value, int) else 0
