"""Indexers keep still while somebody waits for a suggestion.

A priority is not enough for that: two threads that evaluate a model wait for each other thousands
of times in a suggestion, and each time either may find its processor taken for some milliseconds.

Until when to keep still is one number in a file of the indexes' folder, which all of the user's
servers write and all of the indexers' processes see at once. It is a time not far away, so that
nobody waits for long for a server that was killed. Nothing here fails: where there is no such file,
nobody keeps still.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST_S = 0.5
"""Whoever waits for longer shares the machine with the indexers, or no index would get built."""

_NAME = "still-until"
_STEP_S = 0.005
_UNTIL = struct.Struct("=d")


class Stillness:
    """Owns a view of the number, made when the folder is there. For one thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._view: mmap.mmap | None = None

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Whatever is done within is waited for."""
        until_s = time.monotonic() + LONGEST_S
        self._write(until_s)
        try:
            yield
        finally:
            # Somebody else may have asked since.
            if self._until_s() == until_s:
                self._write(0.0)

    def keep(self, most_s: float = LONGEST_S) -> float:
        """Wait until nobody else waits, at most so long; answers how many seconds that took."""
        began_s = now_s = time.monotonic()
        while 0 < self._until_s() - now_s <= LONGEST_S and now_s - began_s < most_s:
            time.sleep(_STEP_S)
            now_s = time.monotonic()
        return now_s - began_s

    def close(self) -> None:
        if self._view is not None:
            self._view.close()
            self._view = None

    def _write(self, until_s: float) -> None:
        if (view := self._opened()) is not None:
            _UNTIL.pack_into(view, 0, until_s)

    def _until_s(self) -> float:
        """On the clock that the processes of a machine share; 0 where nobody waits."""
        view = self._opened()
        until_s: float = 0.0 if view is None else _UNTIL.unpack_from(view)[0]
        return until_s

    def _opened(self) -> mmap.mmap | None:
        if self._view is None:
            try:
                self._view = _view_of(self._path)
            except (OSError, ValueError):
                return None
        return self._view


def _view_of(path: Path) -> mmap.mmap:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    fd = os.open(path, flags, 0o600)
    try:
        if os.fstat(fd).st_size < _UNTIL.size:
            os.ftruncate(fd, _UNTIL.size)
        return mmap.mmap(fd, _UNTIL.size)
    finally:
        os.close(fd)
