"""Refuses what is no usable StarCoder2 file, loads weights and makes their context.

Every failure is a ModelError of one sentence that says what the user can do.
"""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path
from typing import Any, ClassVar

import psutil
from llama_cpp import llama_cpp as lib

from sc2_lsp.domain import EngineSpec
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

_GGUF_MAGIC = b"GGUF"
_LOG_LEVEL_ERROR = 4
_FUNCTION_NAME = re.compile(r"^\w+: (?:error loading model: )?")
# Without these the prompt format cannot be written at all.
_REQUIRED_TOKENS = (FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX, REPO_NAME, FILE_SEP)
_KV_TYPES = {
    "f16": lib.GGML_TYPE_F16,
    "q8_0": lib.GGML_TYPE_Q8_0,
    "q4_0": lib.GGML_TYPE_Q4_0,
}
_FLASH_ATTENTION = {
    "auto": lib.LLAMA_FLASH_ATTN_TYPE_AUTO,
    "on": lib.LLAMA_FLASH_ATTN_TYPE_ENABLED,
    "off": lib.LLAMA_FLASH_ATTN_TYPE_DISABLED,
}


def load_model(spec: EngineSpec, log: LogCapture) -> Any:
    """The weights that `spec` names."""
    _check_file(spec.model_path)
    path = os.fsencode(spec.model_path)
    _check_vocabulary(path, spec.model_path, log)
    params = lib.llama_model_default_params()
    params.n_gpu_layers = spec.n_gpu_layers
    model = lib.llama_model_load_from_file(path, params)
    if model is None:
        raise _load_error(spec.model_path, log)
    return model


def new_context(
    model: Any, spec: EngineSpec, n_cells: int, n_sequences: int, abort: AbortFlag, log: LogCapture
) -> Any:
    """A context whose `n_cells` cells all `n_sequences` sequences share."""
    if spec.kv_type != "f16" and spec.flash_attention == "off":
        raise ModelError(
            f"A KV cache of type {spec.kv_type} needs flash attention; set the setting "
            "'flash_attention' to \"auto\" or 'kv_type' to \"f16\"."
        )
    params = lib.llama_context_default_params()
    params.n_ctx = n_cells
    params.n_batch = params.n_ubatch = spec.n_ubatch
    params.n_seq_max = n_sequences
    params.kv_unified = True
    params.flash_attn_type = _FLASH_ATTENTION[spec.flash_attention]
    params.type_k = params.type_v = _KV_TYPES[spec.kv_type]
    params.n_threads = params.n_threads_batch = n_threads(spec)
    params.no_perf = True
    params.abort_callback = ctypes.cast(abort.callback_address, lib.ggml_abort_callback)
    params.abort_callback_data = abort.data_address
    context = lib.llama_init_from_model(model, params)
    if context is None:
        reason = log.reason() or "llama.cpp gave no reason"
        raise ModelError(
            f"The model {spec.model_path} was loaded, but a KV cache of {n_cells} tokens could "
            f"not be made ({reason}); lower the settings 'kv_tokens' and 'n_ctx' or use a smaller "
            "model."
        )
    return context


def n_threads(spec: EngineSpec) -> int:
    """The threads that `spec` asks for."""
    return spec.n_threads or physical_cores()


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


def _check_vocabulary(path: bytes, shown: str, log: LogCapture) -> None:
    """Load the metadata alone and refuse what is no StarCoder2 model."""
    params = lib.llama_model_default_params()
    params.vocab_only = True
    params.n_gpu_layers = 0
    model = lib.llama_model_load_from_file(path, params)
    if model is None:
        raise _load_error(shown, log)
    try:
        architecture = metadata(model, b"general.architecture")
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


def _load_error(shown: str, log: LogCapture) -> ModelError:
    reason = log.reason() or "llama.cpp gave no reason"
    return ModelError(
        f"The model file {shown} cannot be loaded ({reason}); it may be damaged or incomplete, "
        "so fetch or convert it again."
    )


def metadata(model: Any, key: bytes) -> str:
    """The value of a metadata key as text, empty where the file has none."""
    buffer = ctypes.create_string_buffer(512)
    length = lib.llama_model_meta_val_str(model, key, buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace") if length >= 0 else ""


def description(model: Any) -> str:
    """What llama.cpp calls the model: architecture, size and quantization."""
    buffer = ctypes.create_string_buffer(256)
    lib.llama_model_desc(model, buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace")


class LogCapture:
    """Takes llama.cpp's log: keeps the last error for a message to the user, prints nothing."""

    _in_use: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        self._errors: list[str] = []
        callback = lib.llama_log_callback(self._take)
        lib.llama_log_set(callback, ctypes.c_void_p(0))
        # The library keeps only the address, so the callback has to live until the next is set.
        LogCapture._in_use = [callback]

    def _take(self, level: int, text: bytes, _user_data: object) -> None:
        if level == _LOG_LEVEL_ERROR:
            self._errors = [*self._errors[-9:], text.decode("utf-8", "replace").strip()]

    def reason(self) -> str:
        """The first of the latest errors, without llama.cpp's function names; empty if none."""
        return _FUNCTION_NAME.sub("", self._errors[0]) if self._errors else ""
