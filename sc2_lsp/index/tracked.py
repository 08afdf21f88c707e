"""Which files git tracks, from its own list of them: what an ignore rule says is nothing to these.

Reads versions 2 to 4 of that list (git's manual, gitformat-index). One that is split over several
files, damaged or huge counts as empty, so that the rules alone decide.
"""

from __future__ import annotations

import os
import stat
import struct
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_MOST_BYTES = 32 << 20
_MOST_PATH_BYTES = 4096
_HEADER = struct.Struct(">4sLL")
_EXTENSION = struct.Struct(">4sL")
_MODE_AT = 24
_STATUS_BYTES = 40
_HAS_MORE_FLAGS = 0x40
_SPLIT = b"link"


@dataclass(frozen=True, slots=True)
class Tracked:
    """Paths relative to a repository's top, in their order."""

    paths: tuple[bytes, ...] = ()

    def holds(self, path: str) -> bool:
        name = path.encode("utf-8", "surrogateescape")
        at = bisect_left(self.paths, name)
        return at < len(self.paths) and self.paths[at] == name

    def holds_below(self, folder: str) -> bool:
        """Whether anything below the folder is tracked."""
        start = folder.encode("utf-8", "surrogateescape") + b"/"
        at = bisect_left(self.paths, start)
        return at < len(self.paths) and self.paths[at].startswith(start)


NOTHING = Tracked()


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository's list of tracked files, whose names of contents have `n_hash_bytes`.

    It is read when it is first asked for, and again when it was written since.
    """

    path: Path
    n_hash_bytes: int

    def now(self) -> Tracked:
        """What it says now; nothing where it cannot be read."""
        try:
            status = self.path.lstat()
        except OSError:
            return NOTHING
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            return NOTHING
        written = (status.st_ino, status.st_mtime_ns)
        return _read(str(self.path), self.n_hash_bytes, status.st_size, written)


@lru_cache(2)
def _read(path: str, n_hash_bytes: int, n_bytes: int, _written: tuple[int, int]) -> Tracked:
    try:
        with Path(path).open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return NOTHING
            return Tracked(tuple(sorted(paths_of(file.read(n_bytes), n_hash_bytes))))
    except (OSError, ValueError, IndexError, struct.error):
        return NOTHING


def paths_of(data: bytes, n_hash_bytes: int) -> list[bytes]:
    """The files in a list; raises ValueError, IndexError and struct.error where it is
    not one of those known.

    A submodule is no file, and neither is a folder that a sparse checkout leaves out.
    """
    mark, version, n_entries = _HEADER.unpack_from(data)
    if mark != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("not a list of tracked files")
    n_fixed = _STATUS_BYTES + n_hash_bytes + 2
    paths: list[bytes] = []
    path = b""
    at, n_path_bytes = _HEADER.size, 0
    for _ in range(n_entries):
        mode_at = at + _MODE_AT
        is_file = data[mode_at + 2] & 0xF0 == 0x80  # The type of a file is in the mode's top bits.
        start = at + n_fixed
        if version > 2 and data[start - 2] & _HAS_MORE_FLAGS:
            start += 2
        if version == 4:
            n_dropped, start = _number(data, start)
            if n_dropped > len(path):
                raise ValueError("a path is shorter than what is dropped of it")
        end = data.index(b"\0", start)
        if version == 4:
            path = path[: len(path) - n_dropped] + data[start:end]
            at = end + 1
        else:
            path = data[start:end]
            at += (end - at) // 8 * 8 + 8
        n_path_bytes += len(path)
        if len(path) > _MOST_PATH_BYTES or n_path_bytes > _MOST_BYTES:
            raise ValueError("no such paths were made by git")
        if is_file:
            paths.append(path)
    while at < len(data) - n_hash_bytes:
        name, n_bytes = _EXTENSION.unpack_from(data, at)
        if name == _SPLIT:
            raise ValueError("most of the list is in another file")
        at += _EXTENSION.size + n_bytes
    return paths


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of any length, and where it ends: seven bits a byte, a set eighth bit goes on."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
        if value > _MOST_BYTES:
            raise ValueError("a number is too large")
    return value, at + 1
