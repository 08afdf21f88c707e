"""The only door to llama_cpp: load weights, tokenize, evaluate, read logits.

Holds one KV cache sequence and knows which tokens stand in it. It decides nothing: what to keep
and evaluate comes from `kv`, when to stop from `generation`.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from llama_cpp import llama_cpp as lib

from sc2_lsp.domain import EngineSpec, ModelInfo, Tokens
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.ports import ModelError
from sc2_lsp.vocabulary import (
    FILE_SEP,
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    REPO_NAME,
    SPECIAL_TOKENS,
)

FIM_LAYOUT_KEY = b"sc2.fim_layout"
"""A GGUF key of this project's own: the prompt layout that the model was trained for most."""

_GGUF_MAGIC = b"GGUF"
_DECODE_ABORTED = 2
_LOG_LEVEL_ERROR = 4
_FUNCTION_NAME = re.compile(r"^\w+: (?:error loading model: )?")
_SEQUENCE = 0
# Without these the prompt format cannot be written at all.
_REQUIRED_TOKENS = (FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX, REPO_NAME, FILE_SEP)


class EvaluationAborted(Exception):
    """The abort flag stopped an evaluation; the cache holds what was complete before it."""


class EvaluationFailed(Exception):
    """llama.cpp could not evaluate a batch; the message says which code it gave."""


class LlamaModel:
    """Loaded weights with one context of `n_ctx` tokens.

    `cached` are the tokens whose keys and values stand in the cache, in order. Methods other than
    `tokenize` must be called from one thread at a time.
    """

    def __init__(self, spec: EngineSpec, abort: AbortFlag) -> None:
        """Load the weights that `spec` names.

        Raises ModelError with one sentence where that cannot be done.
        """
        self._log = _LogCapture()
        _check_file(spec.model_path)
        path = os.fsencode(spec.model_path)
        _check_vocabulary(path, spec.model_path, self._log)
        self._model = _load(path, spec, self._log)
        self._vocab = lib.llama_model_get_vocab(self._model)
        n_ctx_train = lib.llama_model_n_ctx_train(self._model)
        n_ctx = min(spec.n_ctx, n_ctx_train)
        self._context = self._new_context(spec, n_ctx, abort)
        self._memory = lib.llama_get_memory(self._context)
        self._batch = lib.llama_batch_init(spec.n_ubatch, 0, 1)
        self.n_ubatch = spec.n_ubatch
        self.n_vocab = lib.llama_vocab_n_tokens(self._vocab)
        self.special_tokens = frozenset(range(len(SPECIAL_TOKENS))) | frozenset(
            token
            for token in range(self.n_vocab)
            if lib.llama_vocab_is_control(self._vocab, token)
            or lib.llama_vocab_is_eog(self._vocab, token)
        )
        self.cached: list[int] = []
        self.info = ModelInfo(
            path=spec.model_path,
            name=_metadata(self._model, b"general.name") or Path(spec.model_path).stem,
            description=_description(self._model),
            n_params=lib.llama_model_n_params(self._model),
            n_ctx=n_ctx,
            n_ctx_train=n_ctx_train,
            fim_layout=_metadata(self._model, FIM_LAYOUT_KEY),
        )

    def _new_context(self, spec: EngineSpec, n_ctx: int, abort: AbortFlag) -> Any:
        params = lib.llama_context_default_params()
        params.n_ctx = n_ctx
        params.n_batch = spec.n_ubatch
        params.n_ubatch = spec.n_ubatch
        params.n_threads = params.n_threads_batch = spec.n_threads or physical_cores()
        params.no_perf = True
        params.abort_callback = ctypes.cast(abort.callback_address, lib.ggml_abort_callback)
        params.abort_callback_data = abort.data_address
        context = lib.llama_init_from_model(self._model, params)
        if context is None:
            reason = self._log.reason() or "llama.cpp gave no reason"
            raise ModelError(
                f"The model {spec.model_path} was loaded, but a context of {n_ctx} tokens could "
                f"not be made ({reason}); lower the setting 'n_ctx' or use a smaller model."
            )
        return context

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

    def piece(self, token: int) -> bytes:
        """The bytes that `token` stands for; empty for a special token."""
        return self._bytes_of(token, special=False)

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

    def keep(self, n_tokens: int) -> None:
        """Drop all but the first `n_tokens` cached tokens."""
        if n_tokens < len(self.cached):
            lib.llama_memory_seq_rm(self._memory, _SEQUENCE, n_tokens, -1)
            del self.cached[n_tokens:]

    def evaluate(self, tokens: Sequence[int]) -> None:
        """Append at most `n_ubatch` tokens to the cache; the last one's logits can be read after.

        Raises EvaluationAborted or EvaluationFailed, the cache being as before then.
        """
        batch, start = self._batch, len(self.cached)
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = start + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = _SEQUENCE
            batch.logits[index] = 0
        batch.logits[len(tokens) - 1] = 1
        code = lib.llama_decode(self._context, batch)
        if code == 0:
            self.cached.extend(tokens)
            return
        lib.llama_memory_seq_rm(self._memory, _SEQUENCE, start, -1)
        if code == _DECODE_ABORTED:
            raise EvaluationAborted
        raise EvaluationFailed(f"llama.cpp could not evaluate the prompt (code {code})")

    def greedy_token(self) -> int:
        """The likeliest token after the last evaluated one."""
        logits = lib.llama_get_logits_ith(self._context, -1)
        return int(np.ctypeslib.as_array(logits, shape=(self.n_vocab,)).argmax())


def physical_cores() -> int:
    """Physical cores that this process may use, at least one."""
    cores = psutil.cpu_count(logical=False) or 1
    process = psutil.Process()
    # Containers and task sets give fewer cores than the machine has; macOS cannot tell.
    allowed = len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else cores
    return max(1, min(cores, allowed))


def _check_file(model_path: str) -> None:
    """Refuse what is plainly no GGUF file before llama.cpp sees it."""
    try:
        with Path(model_path).open("rb") as file:
            magic = file.read(len(_GGUF_MAGIC))
    except FileNotFoundError:
        raise ModelError(
            f"The model file {model_path} does not exist; correct the setting 'model' or leave it "
            "empty for the bundled model."
        ) from None
    except OSError as error:
        raise ModelError(
            f"The model file {model_path} cannot be read: {error.strerror or error}."
        ) from None
    if magic != _GGUF_MAGIC:
        raise ModelError(
            f"{model_path} is not a GGUF file; the setting 'model' takes a StarCoder2 model in "
            "GGUF format."
        )


def _check_vocabulary(path: bytes, shown: str, log: _LogCapture) -> None:
    """Load the metadata alone and refuse what is no StarCoder2 model."""
    params = lib.llama_model_default_params()
    params.vocab_only = True
    params.n_gpu_layers = 0
    model = lib.llama_model_load_from_file(path, params)
    if model is None:
        raise _load_error(shown, log)
    try:
        architecture = _metadata(model, b"general.architecture")
        if architecture != "starcoder2":
            raise ModelError(
                f"{shown} holds a model of architecture '{architecture}', and only StarCoder2 "
                "models work here."
            )
        vocab = lib.llama_model_get_vocab(model)
        for token in _REQUIRED_TOKENS:
            text = SPECIAL_TOKENS[token]
            if lib.llama_vocab_get_text(vocab, token) != text.encode():
                raise ModelError(
                    f"{shown} has no StarCoder2 vocabulary: its token {token} is not {text}; "
                    "convert the model again or use another file."
                )
    finally:
        lib.llama_model_free(model)


def _load(path: bytes, spec: EngineSpec, log: _LogCapture) -> Any:
    params = lib.llama_model_default_params()
    params.n_gpu_layers = spec.n_gpu_layers
    model = lib.llama_model_load_from_file(path, params)
    if model is None:
        raise _load_error(spec.model_path, log)
    return model


def _load_error(shown: str, log: _LogCapture) -> ModelError:
    reason = log.reason() or "llama.cpp gave no reason"
    return ModelError(
        f"The model file {shown} cannot be loaded ({reason}); it may be damaged or incomplete, "
        "so fetch or convert it again."
    )


def _metadata(model: Any, key: bytes) -> str:
    """The value of a metadata key as text, empty where the file has none."""
    buffer = ctypes.create_string_buffer(512)
    length = lib.llama_model_meta_val_str(model, key, buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace") if length >= 0 else ""


def _description(model: Any) -> str:
    buffer = ctypes.create_string_buffer(256)
    lib.llama_model_desc(model, buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace")


class _LogCapture:
    """Takes llama.cpp's log: keeps the last error for a message to the user, prints nothing."""

    def __init__(self) -> None:
        self._errors: list[str] = []
        # The library keeps only the address, so the callback object has to live as long as it.
        self._callback = lib.llama_log_callback(self._take)
        lib.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _take(self, level: int, text: bytes, _user_data: object) -> None:
        if level == _LOG_LEVEL_ERROR:
            self._errors = [*self._errors[-9:], text.decode("utf-8", "replace").strip()]

    def reason(self) -> str:
        """The first of the latest errors, without llama.cpp's function names; empty if none."""
        return _FUNCTION_NAME.sub("", self._errors[0]) if self._errors else ""
