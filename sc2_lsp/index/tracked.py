"""Which files git tracks, from its own list of them: what an ignore rule says is nothing to these.

Reads versions 2 to 4 of that list (git's manual, gitformat-index), and the one that most of it may
stand in, `sharedindex.*` beside it. What is damaged or huge counts as empty, so that the rules
alone decide.
"""

from __future__ import annotations

import os
import stat
import struct
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from pathlib import Path

_MOST_BYTES = 32 << 20
_MOST_PATH_BYTES = 4096
_HEADER = struct.Struct(">4sLL")
_EXTENSION = struct.Struct(">4sL")
_BITMAP = struct.Struct(">LL")
_WORD = struct.Struct(">Q")
_LAST_MARKER_BYTES = 4
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
        written = (status.st_ino, status.st_mtime_ns, status.st_size)
        return _read(self.path, self.n_hash_bytes, written)


@lru_cache(2)
def _read(path: Path, n_hash_bytes: int, _written: tuple[int, int, int]) -> Tracked:
    def shared(name: str) -> bytes:
        return _content(path.with_name(f"sharedindex.{name}"))

    try:
        return Tracked(tuple(sorted(paths_of(_content(path), n_hash_bytes, shared))))
    except (OSError, ValueError, IndexError, struct.error):
        return NOTHING


def _content(path: Path) -> bytes:
    """Raises OSError, and ValueError where that is no plain file or a huge one."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
        raise ValueError("not a list of tracked files")
    with path.open("rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("not a list of tracked files")
        return file.read(_MOST_BYTES)


@dataclass(frozen=True, slots=True)
class _Entries:
    """The paths in one file, for each whether it is a file's, and what is said of another list."""

    paths: list[bytes]
    are_files: bytearray
    link: bytes | None


def paths_of(
    data: bytes, n_hash_bytes: int, shared: Callable[[str], bytes] | None = None
) -> list[bytes]:
    """The files in a list; raises ValueError, IndexError and struct.error where it is
    not one of those known, and what `shared` does, which is asked for the list of that name.

    A submodule is no file, and neither is a folder that a sparse checkout leaves out.
    """
    own = _entries(data, n_hash_bytes)
    if own.link is None:
        return list(compress(own.paths, own.are_files))
    name = own.link[:n_hash_bytes]
    if not any(name):
        return list(compress(own.paths, own.are_files))
    if shared is None:
        raise ValueError("most of the list is in another file")
    base_data = shared(name.hex())
    base = _entries(base_data, n_hash_bytes)
    if base.link is not None or base_data[-n_hash_bytes:] != name:
        raise ValueError("not the other list that is meant")
    return _merged(own, base, own.link[n_hash_bytes:])


def _merged(own: _Entries, base: _Entries, bitmaps: bytes) -> list[bytes]:
    """The files of `base` but for those that are gone, and the files of `own`.

    The first entries of `own` have no names and stand in place of some of `base`, in their order.
    """
    gone: set[int] = set()
    replaced: set[int] = set()
    if bitmaps:
        gone, at = _bits(bitmaps, 0, len(base.paths))
        replaced, _ = _bits(bitmaps, at, len(base.paths))
    are_files = bytearray(base.are_files)
    for number, place in enumerate(sorted(replaced)):
        are_files[place] = own.are_files[number]
    for place in gone:
        are_files[place] = False
    kept = compress(base.paths, are_files)
    n_nameless = len(replaced)
    return [*kept, *compress(own.paths[n_nameless:], own.are_files[n_nameless:])]


def _bits(data: bytes, at: int, n_bits: int) -> tuple[set[int], int]:
    """The places of the ones in a bitmap of up to `n_bits`, and where it ends.

    In its words of 64 bits, a marker tells how many words of only zeros or only ones there are,
    and how many words follow that stand for themselves (git's manual, bitmap-format, EWAH).
    """
    _, n_words = _BITMAP.unpack_from(data, at)
    at += _BITMAP.size
    end = at + n_words * _WORD.size
    if end + _LAST_MARKER_BYTES > len(data):
        raise ValueError("a bitmap is cut off")
    ones: set[int] = set()
    place = 0
    while at < end:
        (marker,) = _WORD.unpack_from(data, at)
        n_alike, n_literal = marker >> 1 & 0xFFFFFFFF, marker >> 33
        at += _WORD.size
        if at + n_literal * _WORD.size > end or (marker & 1 and place + n_alike * 64 > n_bits):
            raise ValueError("a bitmap is too long")
        if marker & 1:
            ones.update(range(place, place + n_alike * 64))
        place += n_alike * 64
        for (word,) in _WORD.iter_unpack(data[at : at + n_literal * _WORD.size]):
            ones.update(place + bit for bit in range(64) if word >> bit & 1)
            place += 64
        at += n_literal * _WORD.size
    if ones and max(ones) >= n_bits:
        raise ValueError("a bitmap is too long")
    return ones, end + _LAST_MARKER_BYTES


def _entries(data: bytes, n_hash_bytes: int) -> _Entries:
    mark, version, n_entries = _HEADER.unpack_from(data)
    if mark != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("not a list of tracked files")
    n_fixed = _STATUS_BYTES + n_hash_bytes + 2
    paths: list[bytes] = []
    are_files = bytearray()
    path = b""
    at, n_path_bytes = _HEADER.size, 0
    for _ in range(n_entries):
        mode_at = at + _MODE_AT
        # The type of a file is in the mode's top bits.
        are_files.append(data[mode_at + 2] & 0xF0 == 0x80)
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
        paths.append(path)
    link = None
    while at < len(data) - n_hash_bytes:
        name, n_bytes = _EXTENSION.unpack_from(data, at)
        at += _EXTENSION.size
        if name == _SPLIT:
            link = data[at : at + n_bytes]
        at += n_bytes
    return _Entries(paths, are_files, link)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of any length, and where it ends: seven bits a byte, a set eighth bit goes on."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
        if value > _MOST_BYTES:
            raise ValueError("a number is too large")
    return value, at + 1
