"""The library below llama.cpp: watch matrices being multiplied, quantize rows, list the GPUs.

llama-cpp-python binds none of this, but brings the library. Part of the door to llama.cpp.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp as lib
from llama_cpp._ctypes_extensions import load_shared_library

from quantize.failures import QuantizeError

Floats = npt.NDArray[np.float32]
Watch = Callable[[str, Floats], object]
"""Told the name of a matrix and what it is multiplied with, [rows, columns of the matrix]."""


_LIBRARIES = Path(llama_cpp.__file__).parent / "lib"
_GPU, _INTEGRATED_GPU = 1, 2


def quantize_rows(values: Floats, type_id: int) -> bytes:
    """The rows as a quantized type, in the layout of a file. Types that need no importance."""
    library = _ggml()
    n_rows, n_columns = values.shape
    target = np.empty(values.nbytes, np.uint8)
    size = library.ggml_quantize_chunk(
        ctypes.c_int(type_id),
        values.ctypes.data_as(ctypes.c_void_p),
        target.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_int64(0),
        ctypes.c_int64(n_rows),
        ctypes.c_int64(n_columns),
        None,
    )
    return target[:size].tobytes()


def gpus() -> list[dict[str, Any]]:
    """The GPUs of this build of llama.cpp: `name`, `total` and `free` bytes, `own` memory or not.

    Empty where it was built for the CPU alone, or does not tell.
    """
    if not lib.llama_supports_gpu_offload():
        return []
    try:
        library = _registry()
        library.ggml_backend_dev_count.restype = ctypes.c_size_t
        library.ggml_backend_dev_get.restype = ctypes.c_void_p
        library.ggml_backend_dev_description.restype = ctypes.c_char_p
        found = []
        for i in range(library.ggml_backend_dev_count()):
            device = ctypes.c_void_p(library.ggml_backend_dev_get(ctypes.c_size_t(i)))
            kind = library.ggml_backend_dev_type(device)
            if kind in (_GPU, _INTEGRATED_GPU):
                free, total = ctypes.c_size_t(), ctypes.c_size_t()
                library.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
                name = library.ggml_backend_dev_description(device).decode(errors="replace")
                # Apple calls its GPU discrete, though it shares the main memory.
                own = kind == _GPU and not name.startswith("Apple")
                found.append({"name": name, "total": total.value, "free": free.value, "own": own})
        return found
    except (AttributeError, OSError):
        return []


def _registry() -> ctypes.CDLL:
    library: ctypes.CDLL = load_shared_library("ggml", _LIBRARIES)
    return library


class _Tensor(ctypes.Structure):
    """ggml's tensor, as ggml.h has it where `_check_layout` agrees."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * 4),
        ("nb", ctypes.c_size_t * 4),
        ("op", ctypes.c_int),
        ("op_params", ctypes.c_int32 * 16),
        ("flags", ctypes.c_int32),
        ("src", ctypes.c_void_p * 10),
        ("view_src", ctypes.c_void_p),
        ("view_offs", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("name", ctypes.c_char * 64),
        ("extra", ctypes.c_void_p),
        ("padding", ctypes.c_char * 8),
    )


class Watcher:
    """Hands the inputs of the layers' matrices to `watch`, as llama.cpp computes them.

    The rules are those of llama.cpp's tools/imatrix: matrices of blocks, at least 16 rows of F32.
    """

    _N_LEAST_ROWS = 16

    def __init__(self, watch: Watch) -> None:
        self.error: Exception | None = None
        self._watch = watch
        self._ggml = _ggml()
        _check_layout(self._ggml)
        self.callback = lib.ggml_backend_sched_eval_callback(self._called)

    def _called(self, address: int, is_question: bool, _: object) -> bool:
        try:
            tensor = _Tensor.from_address(address)
            if self._ggml.ggml_op_desc(ctypes.c_void_p(address)) != b"MUL_MAT":
                return not is_question
            weights = _Tensor.from_address(tensor.src[0])
            inputs = _Tensor.from_address(tensor.src[1])
            # On a GPU the name stands between the device's and a number: CUDA0#NAME#0.
            name = weights.name.decode().split("#")
            name = name[1] if len(name) > 1 else name[0]
            if not name.startswith("blk.") or inputs.type != lib.GGML_TYPE_F32:
                return not is_question
            if inputs.ne[1] < self._N_LEAST_ROWS:
                return not is_question
            if not is_question:
                self._watch(name, self._rows(tensor.src[1], inputs))
            return True
        # Nothing may be thrown through llama.cpp: `evaluate` raises it.
        except Exception as error:
            self.error = error
            return False

    def _rows(self, address: int, tensor: _Tensor) -> Floats:
        n_columns, n_rows = tensor.ne[0], tensor.ne[1] * tensor.ne[2] * tensor.ne[3]
        size = n_columns * n_rows * 4
        if self._ggml.ggml_nbytes(ctypes.c_void_p(address)) != size:
            raise QuantizeError("llama.cpp gave inputs that do not lie side by side.")
        rows = np.empty((n_rows, n_columns), np.float32)
        self._ggml.ggml_backend_tensor_get(
            ctypes.c_void_p(address), rows.ctypes.data_as(ctypes.c_void_p), 0, size
        )
        return rows


def _ggml() -> ctypes.CDLL:
    library: ctypes.CDLL = load_shared_library("ggml-base", _LIBRARIES)
    library.ggml_op_desc.restype = ctypes.c_char_p
    library.ggml_nbytes.restype = ctypes.c_size_t
    library.ggml_tensor_overhead.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_backend_tensor_get.argtypes = (
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_size_t,
    )
    return library


def _check_layout(library: ctypes.CDLL) -> None:
    """Raise QuantizeError unless the library's tensors are as known here."""
    # What lies before a tensor: an offset, a size, a pointer, a number and its padding.
    if library.ggml_tensor_overhead() != 32 + ctypes.sizeof(_Tensor):
        raise QuantizeError(
            f"llama-cpp-python {llama_cpp.__version__} lays tensors out in another way than is "
            "known here; take an earlier one for importance matrices."
        )
