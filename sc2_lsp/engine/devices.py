"""What this build of llama.cpp is: its GPUs, how much of their memory is free, its instructions.

llama-cpp-python binds no functions for that, but the library that it loads has them.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

import llama_cpp
from llama_cpp import llama_cpp as lib

from sc2_lsp.engine.placement import Gpu

_GPU = 1
_INTEGRATED_GPU = 2


def gpus() -> tuple[Gpu, ...] | None:
    """The GPUs to use: all discrete ones, or the first integrated one where there are none.

    Empty where llama.cpp was built for the CPU alone, None where it does not tell.
    """
    if not lib.llama_supports_gpu_offload():
        return ()
    try:
        return _gpus(_libraries())
    except (AttributeError, OSError):
        return None


def build() -> tuple[str, str]:
    """llama-cpp-python's version, and what llama.cpp says that it was built for."""
    return llama_cpp.__version__, lib.llama_print_system_info().decode("utf-8", "replace")


def _libraries() -> list[ctypes.CDLL]:
    """Where ggml's functions are; elsewhere than on Windows a library passes on what it links."""
    if sys.platform == "win32":
        return [ctypes.CDLL("ggml"), ctypes.CDLL("ggml-base")]
    return [lib._lib]


def _gpus(libraries: list[ctypes.CDLL]) -> tuple[Gpu, ...]:
    count = _function(libraries, "ggml_backend_dev_count", ctypes.c_size_t)
    get = _function(libraries, "ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
    kind = _function(libraries, "ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p)
    handles = [get(index) for index in range(count())]
    discrete = [handle for handle in handles if kind(handle) == _GPU]
    if discrete:
        # Apple calls its GPU discrete, though it shares the main memory.
        return tuple(_gpu(libraries, handle, sys.platform != "darwin") for handle in discrete)
    integrated = [handle for handle in handles if kind(handle) == _INTEGRATED_GPU]
    return tuple(_gpu(libraries, handle, False) for handle in integrated[:1])


def _gpu(libraries: list[ctypes.CDLL], handle: int, has_own_memory: bool) -> Gpu:
    size = ctypes.POINTER(ctypes.c_size_t)
    memory = _function(libraries, "ggml_backend_dev_memory", None, ctypes.c_void_p, size, size)
    name = _function(libraries, "ggml_backend_dev_description", ctypes.c_char_p, ctypes.c_void_p)
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    memory(handle, ctypes.byref(free), ctypes.byref(total))
    return Gpu(name(handle).decode("utf-8", "replace"), handle, free.value, has_own_memory)


def _function(
    libraries: list[ctypes.CDLL], name: str, result: Any, *arguments: Any
) -> Callable[..., Any]:
    """A function by its name; raises AttributeError where no library has it."""
    for library in libraries:
        if hasattr(library, name):
            function: Callable[..., Any] = ctypes.CFUNCTYPE(result, *arguments)(
                ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
            )
            return function
    raise AttributeError(name)
