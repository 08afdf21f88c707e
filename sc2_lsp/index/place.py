"""Where the index of a root is kept: its files, its lock, and what is swept away around it.

One SQLite database per root in the user's cache folder, which only the user may read. Knows nothing
of what is inside a database.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

FOLDER_VARIABLE = "SC2_LSP_INDEX_DIR"
"""The environment variable that names another folder than the user's cache."""

KEEP_UNUSED_S = 30 * 86_400.0
KEEP_BYTES = 4 << 30

_NAME = re.compile(r"[0-9a-f]{32}\.db")
_SIDE_ENDS = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Place:
    """The database of one root, and the file whose lock its one writer holds."""

    root: Path
    database: Path
    lock: Path

    @property
    def broken(self) -> Path:
        """Where a database goes that cannot be used."""
        return self.database.with_name(f".broken-{self.database.name}")

    def set_aside(self) -> None:
        """Move the database out of the way; one that was set aside earlier goes."""
        # A log that outlives its database would be played into the next one.
        for path in self._side_files():
            _remove(path)
        with suppress(FileNotFoundError):
            self.database.replace(self.broken)

    def size_bytes(self) -> int:
        """What the database takes on the disk."""
        return sum(_size(path) for path in (self.database, *self._side_files()))

    def remove(self) -> None:
        """Remove all that is kept of this root, except for the lock file."""
        for path in (*self._side_files(), self.database, self.broken):
            _remove(path)

    def _side_files(self) -> list[Path]:
        return [self.database.with_name(self.database.name + end) for end in _SIDE_ENDS]


def default_folder() -> Path:
    """Where indexes are kept unless somebody asks for another place."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    return platformdirs.user_cache_path("sc2-lsp", appauthor=False) / "index"


def place_of(root: str | os.PathLike[str], folder: Path | None = None) -> Place:
    """The place of a root's index; two paths to the same folder have the same one."""
    real = os.path.realpath(root)
    name = hashlib.blake2b(os.path.normcase(real).encode("utf-8", "surrogateescape"))
    stem = name.hexdigest()[:32]
    folder = default_folder() if folder is None else folder
    return Place(Path(real), folder / f"{stem}.db", folder / f"{stem}.lock")


def prepare(folder: Path) -> None:
    """Make the folder of the indexes, for this user alone; raises OSError, PermissionError where
    it is somebody else's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not hasattr(os, "getuid"):
        return
    status = folder.stat()
    if status.st_uid != os.getuid():
        raise PermissionError(f"the folder {folder} belongs to another user")
    if status.st_mode & 0o077:
        folder.chmod(0o700)


class Lock:
    """The right to write one database; ends with the process that holds it, however it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def try_take(self) -> bool:
        """Take it if nobody holds it, and note the time as the last use of the index."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock(fd)
        except OSError:
            os.close(fd)
            return False
        # Whoever sweeps may have removed the file between the two steps above.
        if not _is_same(fd, self._path):
            os.close(fd)
            return False
        with suppress(OSError):
            os.utime(self._path)
        self._fd = fd
        return True

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def sweep(folder: Path, keep: Place, now_s: float | None = None) -> None:
    """Remove indexes that nobody used for long, and the oldest ones where all take too much."""
    now_s = time.time() if now_s is None else now_s
    n_bytes = keep.size_bytes()
    for used_s, place in sorted(_others(folder, keep), key=lambda pair: -pair[0]):
        n_bytes += place.size_bytes() + _size(place.broken)
        if n_bytes <= KEEP_BYTES and now_s - used_s <= KEEP_UNUSED_S:
            continue
        with suppress(OSError):
            lock = Lock(place.lock)
            if lock.try_take():
                place.remove()
                _remove(place.lock)
                lock.release()


def _others(folder: Path, keep: Place) -> Iterator[tuple[float, Place]]:
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            if _NAME.fullmatch(path.name) and path != keep.database:
                place = Place(Path(), path, path.with_suffix(".lock"))
                yield _used_s(place), place


def _used_s(place: Place) -> float:
    for path in (place.lock, place.database):
        with suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def _lock(fd: int) -> None:
    """Raises OSError where another holds it."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_same(fd: int, path: Path) -> bool:
    try:
        here, there = os.fstat(fd), path.stat()
    except OSError:
        return False
    return (here.st_ino, here.st_dev) == (there.st_ino, there.st_dev)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
