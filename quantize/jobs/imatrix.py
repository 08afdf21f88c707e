"""Sums the squares of what each matrix is multiplied with, and writes them as a file.

Options: model, target, checkpoint, corpus and half, or text, n_chunks, n_threads, checkpoint_s.
Reports `chunk` with how many are done. What is done is written to the checkpoint every
`checkpoint_s` seconds, and a later run for the same tokens and model goes on from there.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quantize import imatrix_file, llama
from quantize.failures import QuantizeError
from quantize.imatrix_file import Importance
from quantize.jobs.texts import CHUNK_SIZE, chunks
from quantize.replacing import replacing

_HASHED_BYTES = 1 << 20


class _Sums:
    """What was summed so far, in double precision so that resuming changes nothing."""

    def __init__(self) -> None:
        self.squares: dict[str, npt.NDArray[np.float64]] = {}
        self.counts: dict[str, int] = {}
        self.n_chunks = 0

    def add(self, name: str, rows: llama.Floats) -> None:
        """Sum the rows that matrix `name` was multiplied with."""
        squares = np.einsum("ij,ij->j", rows, rows, dtype=np.float64)
        if not np.isfinite(squares).all():
            raise QuantizeError(
                f"The inputs of {name} overflow: the model's weights are broken; convert it again."
            )
        if name in self.squares:
            self.squares[name] += squares
            self.counts[name] += len(rows)
        else:
            self.squares[name], self.counts[name] = squares, len(rows)

    def save(self, path: Path, key: str) -> None:
        """Write a checkpoint."""
        head = json.dumps({"key": key, "n_chunks": self.n_chunks, "counts": self.counts})
        with replacing(path) as part, part.open("wb") as file:
            np.savez(file, allow_pickle=False, head=np.array(head), **self.squares)

    def resume(self, path: Path, key: str) -> None:
        """Go on from a checkpoint, if there is one for just this."""
        try:
            with np.load(path, allow_pickle=False) as saved:
                head = json.loads(str(saved["head"]))
                if head["key"] != key:
                    return
                squares = {name: saved[name] for name in head["counts"]}
        # Whatever is wrong with it: it is only a saving of time.
        except Exception:
            return
        self.squares, self.counts, self.n_chunks = squares, head["counts"], head["n_chunks"]


def run(options: Mapping[str, Any], tell: Callable[..., None]) -> dict[str, Any]:
    """How many chunks there are, how many of them an earlier run had done, and of what."""
    path, checkpoint = Path(options["model"]), Path(options["checkpoint"])
    sums = _Sums()
    model = llama.Model(path, CHUNK_SIZE, options["n_threads"], sums.add)
    todo = chunks(model, options)
    key = _key(path, todo)
    sums.resume(checkpoint, key)
    n_resumed = sums.n_chunks
    tell("chunk", done=n_resumed, total=len(todo))
    saved_s = time.monotonic()
    for chunk in todo[n_resumed:]:
        model.evaluate(chunk, len(chunk))
        sums.n_chunks += 1
        tell("chunk", done=sums.n_chunks, total=len(todo))
        if time.monotonic() - saved_s >= options["checkpoint_s"]:
            sums.save(checkpoint, key)
            saved_s = time.monotonic()
    if not sums.squares:
        raise QuantizeError(f"{path} has no matrices in blocks to measure.")
    squares = {name: values.astype(np.float32) for name, values in sums.squares.items()}
    dataset = f"{'text' if options['text'] else 'code'}, {len(todo) * CHUNK_SIZE} tokens"
    importance = Importance(squares, sums.counts, len(todo), CHUNK_SIZE, dataset)
    imatrix_file.write(Path(options["target"]), importance)
    return {"n_chunks": len(todo), "n_resumed": n_resumed, "n_matrices": len(squares)}


def _key(path: Path, todo: Sequence[Sequence[int]]) -> str:
    """Says which model and which tokens the sums are of."""
    stat = path.stat()
    digest = hashlib.sha256(f"{llama.VERSION} {stat.st_size} {stat.st_mtime_ns}".encode())
    with path.open("rb") as file:
        digest.update(file.read(_HASHED_BYTES))
    digest.update(np.array(todo, dtype=np.int32).tobytes())
    return digest.hexdigest()
