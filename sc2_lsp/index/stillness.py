"""Indexers keep still while somebody waits for a suggestion.

A priority is not enough for that: two threads that evaluate a model wait for each other thousands
of times in a suggestion, and each time either may find its processor taken for some milliseconds.

Until when to keep still is one number in a file of the indexes' folder, which all of the user's
servers write and all of the indexers' processes see at once. It is a time not far away, which is
put off for as long as somebody waits, so that nobody keeps still for long for a server that was
killed. Nothing here fails: where there is no such file, nobody keeps still.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST_S = 0.5
"""Whoever waits for longer has to ask again, before it is over."""

_NAME = "still-until"
_STEP_S = 0.005
_UNTIL = struct.Struct("=d")
# Not each system has each of them.
_FURTHER_FLAGS = ("O_CLOEXEC", "O_NOFOLLOW", "O_BINARY")
_FLAGS = os.O_RDWR | os.O_CREAT | sum(getattr(os, name, 0) for name in _FURTHER_FLAGS)


class Stillness:
    """Owns the open file, once the folder is there. For one thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._fd: int | None = None
        self._asked_until_s = 0.0

    def ask(self) -> None:
        """Have everybody keep still from now on, for LONGEST_S unless it is asked again."""
        self._asked_until_s = time.monotonic() + LONGEST_S
        self._write(self._asked_until_s)

    def take_back(self) -> None:
        """Nobody waits here any more."""
        # Somebody else may have asked since.
        if self._until_s() == self._asked_until_s:
            self._write(0.0)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """What is done within, in LONGEST_S, is waited for."""
        self.ask()
        try:
            yield
        finally:
            self.take_back()

    def keep(self, most_s: float = LONGEST_S) -> float:
        """Wait until nobody else waits, at most so long; answers how many seconds that took."""
        began_s = now_s = time.monotonic()
        while 0 < self._until_s() - now_s <= LONGEST_S and now_s - began_s < most_s:
            time.sleep(_STEP_S)
            now_s = time.monotonic()
        return now_s - began_s

    def close(self) -> None:
        """Let go of the file; it is opened again where it is needed."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _write(self, until_s: float) -> None:
        with suppress(OSError):
            os.lseek(self._opened(), 0, os.SEEK_SET)
            os.write(self._opened(), _UNTIL.pack(until_s))

    def _until_s(self) -> float:
        """On the clock that the processes of a machine share; 0 where nobody waits."""
        try:
            os.lseek(self._opened(), 0, os.SEEK_SET)
            data = os.read(self._opened(), _UNTIL.size)
        except OSError:
            return 0.0
        until_s: float = _UNTIL.unpack(data)[0] if len(data) == _UNTIL.size else 0.0
        return until_s

    def _opened(self) -> int:
        """Raises OSError."""
        if self._fd is None:
            self._fd = os.open(self._path, _FLAGS, 0o600)
        return self._fd
