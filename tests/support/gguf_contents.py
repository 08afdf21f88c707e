"""What is in a GGUF file, as texts that can be compared and kept."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from quantize.gguf_header import Tensor, Value, read_header

Contents = dict[str, dict[str, str]]

# Keys that llama.cpp's converter does not write.
OURS = ("tokenizer.ggml.fim_", "sc2.")


def contents(path: Path) -> Contents:
    """Keys and tensors in their order; long values, and the data of tensors, as hashes."""
    header = read_header(path)
    data = path.read_bytes()
    return {
        "keys": {key: _value(value) for key, value in header.metadata.items()},
        "tensors": {t.name: _tensor(t, data) for t in header.tensors},
    }


def without_ours(found: Contents) -> Contents:
    keys = {key: value for key, value in found["keys"].items() if not key.startswith(OURS)}
    return {**found, "keys": keys}


def _value(value: Value) -> str:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    shown = json.dumps(value)
    return shown if len(shown) < 200 else _digest(shown.encode())


def _tensor(tensor: Tensor, data: bytes) -> str:
    weights = data[tensor.byte_offset : tensor.byte_offset + tensor.n_bytes]
    return f"{tensor.kind.name} {list(tensor.dimensions)} {_digest(weights)}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:24]
