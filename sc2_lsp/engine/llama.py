"""Loaded weights behind llama.cpp's C interface: tokenize, evaluate, read logits, save and restore.

It decides nothing: what to keep and evaluate comes from `kv` through `cache`, when to stop from
`generation`.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from llama_cpp import llama_cpp as lib

from sc2_lsp.domain import EngineSpec, ModelInfo, Tokens
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.cache import N_MEMORY_SEQUENCES, N_SCRATCH_CELLS, KvCache
from sc2_lsp.engine.drafting import Payoff
from sc2_lsp.engine.loading import (
    CacheSize,
    LogCapture,
    Progress,
    description,
    load,
    metadata,
    n_threads,
    no_progress,
)
from sc2_lsp.engine.pieces import Pieces
from sc2_lsp.engine.ranking import Logits
from sc2_lsp.engine.speed import Speed
from sc2_lsp.engine.warm import warm_states
from sc2_lsp.vocabulary import SPECIAL_TOKENS

FIM_LAYOUT_KEY = b"sc2.fim_layout"
"""A GGUF key of this project's own: the prompt layout that the model was trained for most."""

_DECODE_ABORTED = 2


class EvaluationAborted(Exception):
    """The abort flag stopped an evaluation; the cache holds what was complete before it."""


class EvaluationFailed(Exception):
    """llama.cpp could not evaluate a batch; the message says which code it gave."""


class LlamaModel:
    """Loaded weights, their KV cache, what of it is on disk, and what was learnt of their speed.

    A prompt with its generation takes at most `info.n_ctx` tokens. Methods other than `tokenize`,
    `piece` and `shown` must be called from one thread at a time.
    """

    def __init__(
        self, spec: EngineSpec, abort: AbortFlag, progress: Progress = no_progress
    ) -> None:
        """Load the weights that `spec` names.

        Raises ModelError with one sentence where that cannot be done.
        """
        self._log = LogCapture()
        self._abort = abort
        size = CacheSize(N_MEMORY_SEQUENCES, N_SCRATCH_CELLS)
        loaded = load(spec, size, abort, self._log, progress)
        self._model, self._context = loaded.model, loaded.context
        self._vocab = lib.llama_model_get_vocab(self._model)
        self._memory = lib.llama_get_memory(self._context)
        self._batch = _Batch(spec.n_ubatch)
        self.n_vocab = lib.llama_vocab_n_tokens(self._vocab)
        self._logits_row = ctypes.c_float * self.n_vocab
        self.special_tokens = frozenset(range(len(SPECIAL_TOKENS))) | frozenset(
            token
            for token in range(self.n_vocab)
            if lib.llama_vocab_is_control(self._vocab, token)
            or lib.llama_vocab_is_eog(self._vocab, token)
        )
        can_shift = lib.llama_memory_can_shift(self._memory)
        shift_tokens = spec.shift_tokens if can_shift else 0
        self.cache = KvCache(self, loaded.n_cells, spec.n_ubatch, shift_tokens)
        self.info = ModelInfo(
            path=spec.model_path,
            name=metadata(self._model, b"general.name") or Path(spec.model_path).stem,
            description=description(self._model),
            n_params=lib.llama_model_n_params(self._model),
            n_ctx=loaded.n_ctx,
            n_ctx_train=lib.llama_model_n_ctx_train(self._model),
            fim_layout=metadata(self._model, FIM_LAYOUT_KEY),
            n_gpu_layers=loaded.n_gpu_layers,
            notice=loaded.notice,
        )
        self.speed = Speed(n_threads(spec), self.info.n_params)
        self.warm = warm_states(spec, self.cache, llama_cpp.__version__, time.monotonic)
        self.payoff = Payoff.on(self.info.n_gpu_layers > 0) if spec.drafting == "auto" else None

    def tokenize(self, text: bytes) -> Tokens:
        """Tokens of UTF-8 `text`, special tokens written in it taken as plain text.

        Safe beside a running evaluation: it reads the vocabulary alone.
        """
        size = len(text) + 1
        buffer = (lib.llama_token * size)()
        n_tokens = lib.llama_tokenize(self._vocab, text, len(text), buffer, size, False, False)
        if n_tokens < 0:
            raise EvaluationFailed(f"llama.cpp could not tokenize {len(text)} bytes of text")
        return tuple(buffer[:n_tokens])

    @cached_property
    def pieces(self) -> Pieces:
        """The bytes of every token; empty for special ones."""
        return Pieces(
            [
                b"" if token in self.special_tokens else self._bytes_of(token, special=False)
                for token in range(self.n_vocab)
            ]
        )

    def shown(self, token: int) -> bytes:
        """The bytes of `token`, a special token as its text."""
        return self._bytes_of(token, special=True)

    def _bytes_of(self, token: int, *, special: bool) -> bytes:
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = lib.llama_token_to_piece(self._vocab, token, buffer, size, 0, special)
            if length >= 0:
                return buffer.raw[:length]
            size = -length

    def remove(self, sequence: int, start: int, end: int) -> None:
        lib.llama_memory_seq_rm(self._memory, sequence, start, end)

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        lib.llama_memory_seq_cp(self._memory, source, target, start, end)

    def move(self, sequence: int, start: int, end: int, delta: int) -> None:
        lib.llama_memory_seq_add(self._memory, sequence, start, end, delta)

    def evaluate(
        self, sequence: int, start: int, tokens: Sequence[int], n_ranked: int, abortable: bool
    ) -> None:
        """See `Memory`. Raises EvaluationAborted or EvaluationFailed."""
        batch = self._batch.fill(sequence, start, tokens, n_ranked)
        if not abortable:
            lib.llama_set_abort_callback(self._context, lib.ggml_abort_callback(), None)
        code = lib.llama_decode(self._context, batch)
        if not abortable:
            callback = ctypes.cast(self._abort.callback_address, lib.ggml_abort_callback)
            lib.llama_set_abort_callback(self._context, callback, self._abort.data_address)
        if code == 0:
            return
        self.remove(sequence, start, -1)
        if code == _DECODE_ABORTED:
            raise EvaluationAborted
        raise EvaluationFailed(f"llama.cpp could not evaluate the prompt (code {code})")

    def logits(self, index: int) -> Logits:
        """See `Memory`."""
        values = lib.llama_get_logits_ith(self._context, index)
        # A tenth of the time of np.ctypeslib.as_array.
        row = self._logits_row.from_address(ctypes.addressof(values.contents))
        return np.frombuffer(row, np.float32)

    def state(self, sequence: int) -> memoryview:
        """See `Memory`."""
        size = lib.llama_state_seq_get_size(self._context, sequence)
        state = np.empty(size, np.uint8)
        n_written = lib.llama_state_seq_get_data(
            self._context, _pointer(state, ctypes.c_uint8), size, sequence
        )
        return state[:n_written].data

    def set_state(self, sequence: int, state: memoryview) -> bool:
        """See `Memory`."""
        given = np.frombuffer(state, np.uint8)
        n_read = lib.llama_state_seq_set_data(
            self._context, _pointer(given, ctypes.c_uint8), len(given), sequence
        )
        if n_read != len(given):
            self.remove(sequence, 0, -1)
        return bool(n_read == len(given))

    def n_positions(self, sequence: int) -> int:
        """See `Memory`."""
        return int(lib.llama_memory_seq_pos_max(self._memory, sequence)) + 1


class _Batch:
    """A llama_batch over numpy arrays, because ctypes is slow at one element after the other.

    A batch is of one sequence, so all its tokens point to the same sequence id.
    """

    def __init__(self, size: int) -> None:
        self._tokens = np.zeros(size, np.int32)
        self._positions = np.zeros(size, np.int32)
        self._ranked = np.zeros(size, np.int8)
        self._sequence = np.zeros(1, np.int32)
        self._n_sequences = np.ones(size, np.int32)
        self._sequences = np.full(size, self._sequence.ctypes.data, np.uintp)
        self._steps = np.arange(size, dtype=np.int32)
        self._batch = lib.llama_batch(
            token=_pointer(self._tokens, lib.llama_token),
            pos=_pointer(self._positions, lib.llama_pos),
            n_seq_id=_pointer(self._n_sequences, ctypes.c_int32),
            seq_id=_pointer(self._sequences, ctypes.POINTER(lib.llama_seq_id)),
            logits=_pointer(self._ranked, ctypes.c_int8),
        )

    def fill(self, sequence: int, start: int, tokens: Sequence[int], n_ranked: int) -> Any:
        """The batch that appends `tokens`; valid until the next call."""
        n_tokens = len(tokens)
        self._batch.n_tokens = n_tokens
        self._sequence[0] = sequence
        self._tokens[:n_tokens] = tokens
        self._positions[:n_tokens] = self._steps[:n_tokens] + start
        self._ranked[:n_tokens] = 0
        self._ranked[n_tokens - n_ranked : n_tokens] = 1
        return self._batch


def _pointer(array: Any, kind: Any) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(kind))
