"""A flag that stops a running llama.cpp evaluation without the Python interpreter taking part.

llama.cpp asks its abort callback between the nodes of the compute graph, hundreds of times a token.
A callback written in Python would take the interpreter lock each time. The C library's `strlen`
has the right shape instead: given the address of a two-byte buffer it returns 0 while the first
byte is 0 and 1 once it is set, which reads as false and true.
"""

from __future__ import annotations

import ctypes
import sys
import threading


def c_library_name(platform: str) -> str | None:
    """The C library of a `sys.platform`; None where every process has it loaded already."""
    return "ucrtbase" if platform == "win32" else None


class AbortFlag:
    """Stops the evaluation of one owner at a time; `callback_address` and `data_address` go to C.

    A deadline or a cancellation may arrive just when its request has ended and another has begun,
    so a stop names the owner that it means and is void for any other.
    """

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(2)
        self._strlen = ctypes.CDLL(c_library_name(sys.platform)).strlen
        self._lock = threading.Lock()
        self._owner: object | None = None

    @property
    def callback_address(self) -> int:
        address = ctypes.cast(self._strlen, ctypes.c_void_p).value
        assert address is not None
        return address

    @property
    def data_address(self) -> int:
        return ctypes.addressof(self._buffer)

    def begin(self, owner: object) -> None:
        """Clear the flag for the evaluations of `owner`."""
        with self._lock:
            self._owner = owner
            self._buffer[0] = b"\x00"

    def stop(self, owner: object) -> None:
        """Set the flag if the evaluations of `owner` are the ones under way."""
        with self._lock:
            if self._owner is owner:
                self._buffer[0] = b"\x01"

    def is_set(self) -> bool:
        return self._buffer[0] != b"\x00"
