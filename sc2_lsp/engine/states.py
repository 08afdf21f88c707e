"""Saved KV states in a cache folder: one file each, found by the tokens that they hold.

Knows nothing of llama.cpp: a state is parts of bytes. What is damaged, torn or of another version
is never handed out, and removed; a file whose name is not of this module's making is never touched.
Other engines may save, use and remove at the same time, so a file that is gone is no error, and
nothing here raises: a state that cannot be saved or read only makes the next start slower.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import secrets
import shutil
import struct
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import platformdirs

from sc2_lsp.domain import Tokens

FOLDER_VARIABLE = "SC2_LSP_STATES_DIR"
"""The environment variable that names another folder than the user's cache."""

_MAGIC = b"sc2state"
_VERSION = 1
# Magic, version, key, number of tokens, number of parts, checksum of the parts, and behind them the
# checksum of all these and of what follows: the tokens and the size of each part. CRC-32 takes
# 0.03 s for 110 MB where BLAKE2b takes 0.12; the files are only this user's to write, so damage is
# all that there is to notice.
_FIELDS = struct.Struct("<8sI16sIII")
_CHECKSUM = struct.Struct("<I")
_N_HEADER = _FIELDS.size + _CHECKSUM.size
_TOKEN = np.dtype("<i4")
_SIZE = np.dtype("<u8")

_DIGEST_BYTES = 16
_IDENTITY_BYTES = 1 << 20
_MOST_FILES = 32
_SPARE_DISK_BYTES = 512 << 20
_ABANDONED_AFTER_S = 3600
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

_NAME = re.compile(r"sc2-state-([0-9a-f]{32})-[0-9a-f]{32}\.kv")
_UNFINISHED = re.compile(r"sc2-state-[0-9a-f]{32}-[0-9a-f]{32}\.kv\.[0-9a-f]{16}\.tmp")


class _Damaged(Exception):
    """The file is none of this version's, or not as it was written."""


@dataclass(frozen=True, slots=True)
class SavedState:
    """A state on disk of `n_bytes` that holds the keys and values of `tokens`."""

    tokens: Tokens
    path: Path
    used_ns: int
    n_bytes: int


Part = bytes | bytearray | memoryview


def default_folder() -> Path:
    """Where states are kept unless somebody asks for another place."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    return platformdirs.user_cache_path("sc2-lsp", appauthor=False) / "states"


def state_key(
    model_path: Path, settings: Mapping[str, str], adapter_path: Path | None = None
) -> str | None:
    """What a state has to agree with to be of use, as 32 hexadecimal digits.

    `settings` is all that shapes a state besides the weights: the type of its numbers, the version
    of llama.cpp and the like. Of the weights, and of an adapter that changes them, it takes size,
    time of change, beginning and end: reading gigabytes would take longer than what it saves. None
    where a file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    try:
        for path in filter(None, (model_path, adapter_path)):
            digest.update(_identity(path))
    except OSError:
        return None
    digest.update(repr(sorted(settings.items())).encode())
    return digest.hexdigest()


def _identity(path: Path) -> bytes:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        begin = file.read(_IDENTITY_BYTES)
        file.seek(max(0, status.st_size - _IDENTITY_BYTES))
        return struct.pack("<QQ", status.st_size, status.st_mtime_ns) + begin + file.read()


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The states of one key in `folder`, which may hold those of other keys too.

    All keys together take at most `max_bytes`; the ones used longest ago go first.
    """

    folder: Path
    key: str
    max_bytes: int

    def index(self) -> list[SavedState]:
        """The states that may be loaded, the last used first; reads no more than their headers."""
        if _privacy_problem(self.folder):
            return []
        found = [state for path in _files(self.folder) if (state := self._described(path))]
        return sorted(found, key=lambda state: state.used_ns, reverse=True)

    def load(self, saved: SavedState) -> list[memoryview] | None:
        """The parts of a state, writable; None where they are gone or bad. Counts as a use."""
        try:
            with saved.path.open("rb") as file:
                header = _read_header(file, self.key)
                state = bytearray(sum(header.sizes))
                n_read = file.readinto(state)
            if (
                header.tokens != saved.tokens
                or n_read != len(state)
                or zlib.crc32(state) != header.checksum
            ):
                raise _Damaged
        except _Damaged:
            self.remove(saved)
            return None
        except OSError:
            return None
        self.touch(saved)
        ends = list(itertools.accumulate(header.sizes))
        return [
            memoryview(state)[end - size : end]
            for end, size in zip(ends, header.sizes, strict=True)
        ]

    def remove(self, saved: SavedState) -> None:
        """Remove a state that is of no more use."""
        _remove(saved.path)

    def touch(self, saved: SavedState) -> None:
        """Note that the state is of use, so that others make room before it does."""
        with suppress(OSError):
            os.utime(saved.path)

    def save(self, tokens: Sequence[int], parts: Sequence[Part]) -> str | None:
        """Keep the parts of a state; where that cannot be done, why not, as words for the log.

        Nothing is written where a saved state begins with `tokens`; those that `tokens` begin with
        are of no more use afterwards and go.
        """
        wanted = tuple(tokens)
        header = _header(self.key, wanted, parts)
        n_bytes = len(header) + sum(len(part) for part in parts)
        if n_bytes > self.max_bytes:
            return f"a state of {n_bytes >> 20} MiB is over the limit of {self.max_bytes >> 20} MiB"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            problem = _privacy_problem(self.folder) or _space_problem(self.folder, n_bytes)
            if problem:
                return problem
            others = self.index()
            for other in others:
                if other.tokens[: len(wanted)] == wanted:
                    self.touch(other)
                    return None
            path = self.folder / _name(self.key, wanted)
            _write(path, [header, *parts])
            for other in others:
                if other.tokens == wanted[: len(other.tokens)]:
                    self.remove(other)
            _make_room(self.folder, path, self.max_bytes)
        except OSError as error:
            return f"a state cannot be saved in {self.folder}: {error.strerror or error}"
        return None

    def _described(self, path: Path) -> SavedState | None:
        name = _NAME.fullmatch(path.name)
        if name is None or name[1] != self.key:
            return None
        try:
            with path.open("rb") as file:
                header, status = _read_header(file, self.key), os.fstat(file.fileno())
                return SavedState(header.tokens, path, status.st_mtime_ns, status.st_size)
        except _Damaged:
            _remove(path)
        except OSError:
            pass
        return None


@dataclass(frozen=True, slots=True)
class _Header:
    """What stands before the parts, which must agree with their sizes and their checksum."""

    tokens: Tokens
    sizes: tuple[int, ...]
    checksum: int


def _header(key: str, tokens: Tokens, parts: Sequence[Part]) -> bytes:
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    fields = _FIELDS.pack(_MAGIC, _VERSION, bytes.fromhex(key), len(tokens), len(parts), checksum)
    lists = np.array(tokens, _TOKEN).tobytes()
    lists += np.array([len(part) for part in parts], _SIZE).tobytes()
    return fields + _CHECKSUM.pack(zlib.crc32(lists, zlib.crc32(fields))) + lists


def _read_header(file: BinaryIO, key: str) -> _Header:
    """The header of a file, which is read up to the parts then; raises _Damaged."""
    start = file.read(_N_HEADER)
    if len(start) < _N_HEADER:
        raise _Damaged
    fields, (own_checksum,) = start[: _FIELDS.size], _CHECKSUM.unpack(start[_FIELDS.size :])
    magic, version, its_key, n_tokens, n_parts, checksum = _FIELDS.unpack(fields)
    if (magic, version, its_key) != (_MAGIC, _VERSION, bytes.fromhex(key)):
        raise _Damaged
    n_token_bytes = n_tokens * _TOKEN.itemsize
    n_left = os.fstat(file.fileno()).st_size - _N_HEADER
    n_lists = n_token_bytes + n_parts * _SIZE.itemsize
    if n_lists > n_left:
        raise _Damaged
    lists = file.read(n_lists)
    if zlib.crc32(lists, zlib.crc32(fields)) != own_checksum:
        raise _Damaged
    tokens = np.frombuffer(lists[:n_token_bytes], _TOKEN).tolist()
    sizes = np.frombuffer(lists[n_token_bytes:], _SIZE).tolist()
    if sum(sizes) != n_left - n_lists:
        raise _Damaged
    return _Header(tuple(tokens), tuple(sizes), checksum)


def _name(key: str, tokens: Tokens) -> str:
    listed = np.array(tokens, _TOKEN).tobytes()
    return f"sc2-state-{key}-{hashlib.blake2b(listed, digest_size=_DIGEST_BYTES).hexdigest()}.kv"


def _write(path: Path, parts: Sequence[Part]) -> None:
    """Write beside `path` and give it its name once all of it is on the disk."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with os.fdopen(os.open(beside, _NEW_FILE, 0o600), "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        _remove(beside)
        raise


def _make_room(folder: Path, newest: Path, max_bytes: int) -> None:
    """Remove states used longest ago until the rest keep to the bounds, `newest` being the last."""
    ages: list[tuple[bool, int, int, Path]] = []
    for path in _files(folder):
        with suppress(OSError):
            status = path.stat()
            ages.append((path == newest, status.st_mtime_ns, status.st_size, path))
    n_bytes = 0
    for n_kept, (_, _, size, path) in enumerate(sorted(ages, reverse=True)):
        n_bytes += size
        if n_bytes > max_bytes or n_kept >= _MOST_FILES:
            _remove(path)


def _files(folder: Path) -> Iterator[Path]:
    """The finished states of all keys; what a killed engine left unfinished is removed."""
    with suppress(OSError):
        for path in folder.iterdir():
            if _NAME.fullmatch(path.name):
                yield path
            elif _UNFINISHED.fullmatch(path.name):
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S:
                        _remove(path)


def _privacy_problem(folder: Path) -> str | None:
    """Why states in `folder` could be somebody else's work; mends what is only too open."""
    if not hasattr(os, "getuid"):
        return None
    try:
        status = folder.stat()
        if status.st_uid != os.getuid():
            return f"the folder {folder} belongs to another user"
        if status.st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        return f"the folder {folder} cannot be used: {error.strerror or error}"
    return None


def _space_problem(folder: Path, n_bytes: int) -> str | None:
    """Why `n_bytes` should not be written: a cache is no reason to fill somebody's disk."""
    if shutil.disk_usage(folder).free < n_bytes + _SPARE_DISK_BYTES:
        return f"the disk of {folder} is nearly full"
    return None


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
