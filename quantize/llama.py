"""The door to llama.cpp: quantize a file, evaluate tokens, watch matrices being multiplied.

Only processes of their own load this (see `quantize.child`): llama.cpp ends its process on much
that it does not like. It decides nothing; what is asked of it comes from `quantize.jobs`.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp as lib

from quantize.failures import QuantizeError

Floats = npt.NDArray[np.float32]
VERSION = llama_cpp.__version__

_LEVEL_ERROR = 4
_LEVEL_CONTINUED = 5
_KEY_BYTES, _TEXT_BYTES = 127, 127


class _Log:
    """Keeps llama.cpp's last complaint, and hands on what it says line by line."""

    def __init__(self) -> None:
        self.on_line: Callable[[str], object] = lambda _: None
        self.complaint = ""
        self._line = ""
        self._callback = lib.llama_log_callback(self._take)
        lib.llama_log_set(self._callback, None)

    def _take(self, level: int, text: bytes, _: object) -> None:
        piece = text.decode(errors="replace")
        if level == _LEVEL_ERROR and piece.strip():
            self.complaint = piece.strip()
        self._line += piece
        while "\n" in self._line:
            line, _sep, self._line = self._line.partition("\n")
            self.on_line(line)


_log = _Log()


def _complaint() -> str:
    """The last thing llama.cpp complained of, without the name of its function."""
    text = _log.complaint
    head, sep, rest = text.partition(": ")
    return (rest if sep and " " not in head else text).rstrip(".")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to quantize. Numbers are llama.cpp's own; None and empty leave its defaults."""

    file_type: int
    n_threads: int
    overrides: Sequence[tuple[str, int]] = ()
    importance: Mapping[str, Floats] = field(default_factory=dict)
    metadata: Mapping[str, str | int] = field(default_factory=dict)
    allow_requantize: bool = False
    is_dry_run: bool = False


def quantize(source: Path, target: Path, recipe: Recipe, on_line: Callable[[str], object]) -> None:
    """Write `source` quantized to `target`, in any state if it fails; then raises QuantizeError."""
    params = lib.llama_model_quantize_default_params()
    params.ftype = recipe.file_type
    params.nthread = recipe.n_threads
    params.allow_requantize = recipe.allow_requantize
    params.dry_run = recipe.is_dry_run
    # Arrays end with an empty entry. They live as long as this call.
    importance = _importance_array(recipe.importance)
    overrides = _overrides_array(recipe.overrides)
    metadata = _metadata_array(recipe.metadata)
    if recipe.importance:
        params.imatrix = importance
    if recipe.overrides:
        params.tt_overrides = overrides
    if recipe.metadata:
        params.kv_overrides = metadata
    _log.complaint, _log.on_line = "", on_line
    code = lib.llama_model_quantize(os.fsencode(source), os.fsencode(target), params)
    if code != 0:
        raise QuantizeError(f"{source} cannot be quantized: {_complaint()}.")


def _importance_array(values: Mapping[str, Floats]) -> Any:
    entries = [
        lib.llama_model_imatrix_data(
            name.encode(), row.ctypes.data_as(ctypes.POINTER(ctypes.c_float)), row.size
        )
        for name, row in values.items()
    ]
    return (lib.llama_model_imatrix_data * (len(entries) + 1))(*entries)


def _overrides_array(overrides: Sequence[tuple[str, int]]) -> Any:
    entries = [
        lib.llama_model_tensor_override(pattern.encode(), kind) for pattern, kind in overrides
    ]
    return (lib.llama_model_tensor_override * (len(entries) + 1))(*entries)


def _metadata_array(metadata: Mapping[str, str | int]) -> Any:
    entries = []
    for key, value in metadata.items():
        union, tag = lib.llama_model_kv_override_value(), lib.LLAMA_KV_OVERRIDE_TYPE_STR
        if isinstance(value, int):
            union.val_i64, tag = value, lib.LLAMA_KV_OVERRIDE_TYPE_INT
        else:
            union.val_str = value.encode()[:_TEXT_BYTES].decode(errors="ignore").encode()
        entries.append(lib.llama_model_kv_override(tag, key.encode()[:_KEY_BYTES], union))
    return (lib.llama_model_kv_override * (len(entries) + 1))(*entries)
