"""Reads one file of a root for the index: bytes in, `Parsed` out. Raises nothing."""

from __future__ import annotations

import io
import os
import stat
import time
from collections.abc import Callable

from sc2_lsp.index.limits import Limits, Reason, unfit, unwanted_size
from sc2_lsp.index.parsed import Parsed, contents_of, digest_of, utf8_of

# A file that is written twice within a tick of its file system's clock looks the same both times.
_TICK_NS = 20_000_000


def read_file(root: str, path: str, limits: Limits, is_known: Callable[[bytes], bool]) -> Parsed:
    """What there is to know of the file; without contents where its digest `is_known`."""
    try:
        read = _read(f"{root}/{path}", limits.max_bytes)
    except (FileNotFoundError, NotADirectoryError):
        return Parsed(path, 0, 0)
    except (OSError, ValueError):
        read = None
    if read is None:
        return Parsed(path, 0, 0, reason=Reason.UNREADABLE.value)
    status, data = read
    reason = unwanted_size(len(data), limits) or unfit(data, path, limits)
    if reason is not None:
        return Parsed(path, status.st_size, status.st_mtime_ns, reason=reason.value)
    digest = digest_of(path, data)
    contents = None if is_known(digest) else contents_of(path, utf8_of(data))
    return Parsed(path, status.st_size, status.st_mtime_ns, digest, contents=contents)


def _read(path: str, max_bytes: int) -> tuple[os.stat_result, bytes] | None:
    """A regular file's status and bytes, one byte more than allowed at most."""
    status, data = _read_once(path, max_bytes)
    if status is None:
        return None
    age_ns = time.time_ns() - status.st_mtime_ns
    if 0 <= age_ns < _TICK_NS:
        time.sleep((_TICK_NS - age_ns) / 1e9)
        status, data = _read_once(path, max_bytes)
    return None if status is None else (status, data)


def _read_once(path: str, max_bytes: int) -> tuple[os.stat_result | None, bytes]:
    with open(path, "rb", buffering=0, opener=_open) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return None, b""
        return status, _whole(file, min(status.st_size, max_bytes) + 1)


def _whole(file: io.FileIO, n_bytes: int) -> bytes:
    """Up to `n_bytes`: one read gives less than is there on some file systems."""
    data = file.read(n_bytes)
    while data and len(data) < n_bytes and (more := file.read(n_bytes - len(data))):
        data += more
    return data


def _open(path: str, flags: int) -> int:
    # Opening a pipe that nobody writes to would wait for its writer.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
