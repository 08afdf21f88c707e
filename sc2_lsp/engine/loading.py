"""Refuses what is no usable StarCoder2 file, loads weights and makes their context.

Every failure is a ModelError of one sentence that says what the user can do.
"""

from __future__ import annotations

import ctypes
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from llama_cpp import llama_cpp as lib

from sc2_lsp.domain import EngineSpec
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.devices import gpus
from sc2_lsp.engine.fit import (
    ModelShape,
    Use,
    copied_types,
    may_pass,
    model_shape,
    refusal,
    warning,
)
from sc2_lsp.engine.header import HeaderError, read_model_header
from sc2_lsp.engine.machine import default_threads, memory
from sc2_lsp.engine.placement import Gpu, Placement, in_main_memory, notice, placements
from sc2_lsp.ports import ModelError
from sc2_lsp.vocabulary import (
    FILE_SEP,
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    REPO_NAME,
    SPECIAL_TOKENS,
)

_WAIT_FOR_MEMORY_S = 5.0
_MEMORY_STEP_S = 0.25
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


Progress = Callable[[float], None]
"""Is told how much of the weights is there, from 0 to 1; called for each percent that is new."""


def no_progress(share: float) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class CacheSize:
    """What of llama.cpp's cache is for other than prompts: sequences, and cells beyond theirs."""

    n_sequences: int
    n_scratch_cells: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """Weights with a context. `n_ctx` bounds a sequence, `n_cells` all of them together.

    `notice` is a sentence for the user where they run otherwise than was asked for, else empty.
    """

    model: Any
    context: Any
    n_ctx: int
    n_cells: int
    n_gpu_layers: int
    notice: str


def load(
    spec: EngineSpec,
    size: CacheSize,
    abort: AbortFlag,
    log: LogCapture,
    progress: Progress = no_progress,
) -> Loaded:
    """The weights that `spec` names, with as much of them on a GPU as can be had."""
    check_file(spec.model_path, log)
    if spec.kv_type != "f16" and spec.flash_attention == "off":
        raise ModelError(
            f"A KV cache of type {spec.kv_type} needs flash attention; set the setting "
            "'flash_attention' to \"auto\" or 'kv_type' to \"f16\"."
        )
    shape, found, here = _shape(spec.model_path), gpus(), memory()
    use = Use(
        n_cells=max(spec.n_cells, spec.n_ctx) + size.n_scratch_cells,
        kv_type=spec.kv_type,
        n_ubatch=spec.n_ubatch,
        has_flash_attention=spec.flash_attention != "off",
        copied_types=copied_types(lib.llama_print_system_info().decode()),
    )
    notices = []
    failure: ModelError | None = None
    for placement in placements(shape, use, found, here.available, spec.n_gpu_layers):
        if shape is not None:
            needed = in_main_memory(use, placement, found)
            if problem := _lasting_refusal(shape, needed):
                raise ModelError(problem)
            notices = [warning(shape, needed, here) or ""]
        log.forget()
        try:
            loaded = _load_at(placement, found or (), spec, size, abort, log, progress)
        except ModelError as error:
            failure = error
            continue
        notices.append(notice(shape, found, spec.n_gpu_layers, placement))
        return replace(loaded, notice=" ".join(filter(None, notices)))
    assert failure is not None, "there is always something to try"
    raise failure


def _lasting_refusal(shape: ModelShape, use: Use) -> str | None:
    """Why the model does not fit, once an engine that this one replaces has had time to end."""
    ends_at_s = time.monotonic() + _WAIT_FOR_MEMORY_S
    while problem := refusal(shape, use, here := memory()):
        if not may_pass(shape, use, here) or time.monotonic() > ends_at_s:
            return problem
        time.sleep(_MEMORY_STEP_S)
    return None


def _shape(model_path: str) -> ModelShape | None:
    try:
        return model_shape(read_model_header(Path(model_path)))
    except HeaderError:
        return None


def _load_at(
    placement: Placement,
    found: Sequence[Gpu],
    spec: EngineSpec,
    size: CacheSize,
    abort: AbortFlag,
    log: LogCapture,
    progress: Progress,
) -> Loaded:
    params = lib.llama_model_default_params()
    params.n_gpu_layers = placement.n_gpu_layers
    # Both arrays have to live until the model is loaded. No devices means the CPU alone.
    split = (ctypes.c_float * lib.llama_max_devices())(*placement.split)
    handles = [gpu.handle for gpu in found] if placement.n_gpu_layers else []
    devices = (ctypes.c_void_p * (len(handles) + 1))(*handles, None)
    if placement.split:
        params.tensor_split = split
    if placement.split or not placement.n_gpu_layers:
        params.devices = ctypes.cast(devices, ctypes.c_void_p)
    # It has to live as long, too.
    params.progress_callback = follow = _percents(progress)
    model = lib.llama_model_load_from_file(os.fsencode(spec.model_path), params)
    del follow
    if model is None:
        raise _load_error(spec.model_path, log)
    n_ctx = min(spec.n_ctx, lib.llama_model_n_ctx_train(model))
    n_cells = max(spec.n_cells, n_ctx)
    try:
        adapter = _load_adapter(model, spec, log)
        context = _new_context(
            model, spec, n_cells + size.n_scratch_cells, size.n_sequences, abort, log
        )
        if adapter is not None:
            _apply_adapter(context, adapter, spec.lora_scale)
    except ModelError:
        lib.llama_model_free(model)
        raise
    return Loaded(model, context, n_ctx, n_cells, placement.n_gpu_layers, notice="")


def _percents(progress: Progress) -> Any:
    """What llama.cpp calls after each tensor, to pass on what makes a difference to a reader."""
    shown = -1

    def follow(share: float, _: Any) -> bool:
        nonlocal shown
        if int(100 * share) > shown:
            shown = int(100 * share)
            progress(share)
        return True

    return lib.llama_progress_callback(follow)


def _new_context(
    model: Any, spec: EngineSpec, n_cells: int, n_sequences: int, abort: AbortFlag, log: LogCapture
) -> Any:
    """A context whose `n_cells` cells all `n_sequences` sequences share."""
    params = lib.llama_context_default_params()
    params.n_ctx = n_cells
    params.n_ubatch = spec.n_ubatch
    # There is to be room for what each sequence might put out, or llama.cpp ends the process.
    params.n_batch = max(spec.n_ubatch, n_sequences)
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


def _load_adapter(model: Any, spec: EngineSpec, log: LogCapture) -> Any:
    """The adapter that `spec` names, which lives as long as the model; None where there is none."""
    if not spec.lora_path or not spec.lora_scale:
        return None
    shown = f"The adapter {spec.lora_path}"
    try:
        kind = read_model_header(Path(spec.lora_path)).metadata.get("general.type")
    except HeaderError as error:
        raise ModelError(f"{shown} cannot be used: {error}; correct the setting 'lora'.") from None
    if kind != "adapter":
        raise ModelError(
            f"{shown} is a GGUF file, but no adapter; the setting 'lora' takes what "
            "`sc2-quantize convert-lora` writes."
        )
    log.forget()
    adapter = lib.llama_adapter_lora_init(model, os.fsencode(spec.lora_path))
    if not adapter:
        reason = log.reason() or "llama.cpp gave no reason"
        raise ModelError(
            f"{shown} does not go with the model {spec.model_path} ({reason}); correct the setting "
            "'lora'."
        )
    return adapter


def _apply_adapter(context: Any, adapter: Any, scale: float) -> None:
    """Let the adapter change what is computed in the context."""
    adapters = (lib.llama_adapter_lora_p_ctypes * 1)(adapter)
    if lib.llama_set_adapters_lora(context, adapters, 1, (ctypes.c_float * 1)(scale)):
        lib.llama_free(context)
        raise ModelError("llama.cpp refuses the adapter in the setting 'lora'.")


def n_threads(spec: EngineSpec) -> int:
    """The threads that `spec` asks for."""
    return spec.n_threads or default_threads()


def check_file(model_path: str, log: LogCapture) -> None:
    """Refuse what is no StarCoder2 model, without its weights; raises ModelError."""
    _check_magic(model_path)
    _check_vocabulary(os.fsencode(model_path), model_path, log)


def _check_magic(model_path: str) -> None:
    """Refuse what is plainly no GGUF file before llama.cpp sees it."""
    try:
        with Path(model_path).open("rb") as file:
            magic = file.read(len(_GGUF_MAGIC))
    except FileNotFoundError:
        raise ModelError(
            f"The model file {model_path} does not exist; correct the setting 'model', or choose "
            "another by `sc2-lsp model list` and `sc2-lsp model use`."
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

    def forget(self) -> None:
        """Leave what was said so far out of the reasons."""
        self._errors = []

    def reason(self) -> str:
        """The first of the latest errors, without llama.cpp's function names; empty if none."""
        return _FUNCTION_NAME.sub("", self._errors[0]) if self._errors else ""
