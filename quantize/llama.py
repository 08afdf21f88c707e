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

from quantize.failures import BadInput, QuantizeError
from quantize.ggml import Watch, Watcher

Floats = npt.NDArray[np.float32]
VERSION = llama_cpp.__version__

_LEVEL_ERROR = 4
_LEVEL_CONTINUED = 5
_KEY_BYTES, _TEXT_BYTES = 127, 127
# Rows of a matrix that are in memory at once; by default llama.cpp takes up to 8 GiB of them.
_BUFFER_BYTES = 256 << 20


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
    text = rest if sep and " " not in head else text
    return text.removeprefix("failed to quantize: ").rstrip(".")


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
    params.max_buf_size = _BUFFER_BYTES
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


def system_info() -> str:
    """What llama.cpp says of the processor that it runs on."""
    return str(lib.llama_print_system_info().decode(errors="replace"))


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


class Model:
    """Loaded weights with a context of `n_ctx` tokens, for one sequence at a time."""

    def __init__(self, path: Path, n_ctx: int, n_threads: int, watch: Watch | None = None) -> None:
        """Load `path`. Raises QuantizeError where llama.cpp cannot."""
        self._path = path
        self._watcher = Watcher(watch) if watch else None
        _log.complaint, _log.on_line = "", lambda _: None
        params = lib.llama_model_default_params()
        self._model = lib.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            raise BadInput(f"{path} cannot be loaded: {_complaint()}.")
        self._vocab = lib.llama_model_get_vocab(self._model)
        self.n_vocab = lib.llama_vocab_n_tokens(self._vocab)
        self._context = self._make_context(n_ctx, n_threads)
        self._batch = lib.llama_batch_init(n_ctx, 0, 1)
        self.n_ctx = n_ctx

    def _make_context(self, n_ctx: int, n_threads: int) -> Any:
        params = lib.llama_context_default_params()
        params.n_ctx = params.n_batch = n_ctx
        params.n_ubatch = min(n_ctx, 512)
        params.n_threads = params.n_threads_batch = n_threads
        params.no_perf = True
        if self._watcher:
            params.cb_eval = self._watcher.callback
        context = lib.llama_init_from_model(self._model, params)
        if not context:
            raise QuantizeError(f"There is no room for {self._path}: {_complaint()}.")
        return context

    def tokenize(self, text: bytes, add_special: bool = False) -> list[int]:
        """Tokens of UTF-8 `text`; special tokens written in it are plain text."""
        return self._tokenize(text, add_special, parse_special=False)

    def special(self, text: str) -> int:
        """The id of the special token that is written as `text`. Raises BadInput."""
        tokens = self._tokenize(text.encode(), add_special=False, parse_special=True)
        if len(tokens) != 1:
            raise BadInput(f"{self._path} knows no {text}: it is no StarCoder2 model.")
        return tokens[0]

    def is_special(self, token: int) -> bool:
        """Whether `token` is no text: a control token or one that ends generation."""
        return bool(
            lib.llama_vocab_is_control(self._vocab, token)
            or lib.llama_vocab_is_eog(self._vocab, token)
        )

    def _tokenize(self, text: bytes, add_special: bool, parse_special: bool) -> list[int]:
        size = len(text) + 2
        buffer = (lib.llama_token * size)()
        n_tokens = lib.llama_tokenize(
            self._vocab, text, len(text), buffer, size, add_special, parse_special
        )
        if n_tokens < 0:
            raise QuantizeError(f"{self._path} cannot tokenize {len(text)} bytes of text.")
        return list(buffer[:n_tokens])

    def evaluate(self, tokens: Sequence[int], n_logits: int, n_past: int = 0) -> Floats:
        """Logits after the last `n_logits` of `tokens`, [n_logits, n_vocab].

        The tokens follow `n_past` that were evaluated before. Valid until the next call.
        """
        if n_past == 0:
            lib.llama_memory_clear(lib.llama_get_memory(self._context), True)
        n_tokens = len(tokens)
        batch = self._batch
        batch.n_tokens = n_tokens
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = n_past + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = i >= n_tokens - n_logits
        code = lib.llama_decode(self._context, batch)
        if self._watcher and self._watcher.error:
            raise self._watcher.error
        if code != 0:
            raise QuantizeError(f"{self._path} could not be evaluated: llama.cpp gave code {code}.")
        logits = lib.llama_get_logits(self._context)
        return np.ctypeslib.as_array(logits, shape=(n_logits, self.n_vocab))

    def close(self) -> None:
        """Let go of the weights."""
        lib.llama_batch_free(self._batch)
        lib.llama_free(self._context)
        lib.llama_model_free(self._model)

    def rest_of_line(self, prompt: Sequence[int], n_most: int) -> bytes:
        """The likeliest text after `prompt`, up to a line's end, a special token or `n_most`."""
        written = b""
        tokens, n_past = list(prompt), 0
        for _ in range(n_most):
            token = int(self.evaluate(tokens, 1, n_past)[0].argmax())
            if self.is_special(token):
                break
            written += self._piece(token)
            if b"\n" in written:
                break
            tokens, n_past = [token], n_past + len(tokens)
        return written.partition(b"\n")[0]

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        size = lib.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, False)
        return buffer.raw[: max(size, 0)]
