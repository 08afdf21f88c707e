"""Where a user's editors and the engine that they share find each other: a private folder.

In it an engine has a socket, a token that proves the right to use it, and a log. A lock keeps two
from starting at once; who holds it may remove what dead engines left behind. Nothing of another
user is trusted: a folder or a peer that is not this user's own is refused.
"""

from __future__ import annotations

import os
import secrets
import socket
import stat
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

FOLDER_VARIABLE = "SC2_LSP_RUNTIME_DIR"
"""Names the folder instead of the usual ones, which are not looked at then."""

_APP = "sc2-lsp"
# The smallest limit of the systems in use is 104 bytes, the last of them a zero.
_LONGEST_SOCKET_PATH = 100
_LONGEST_NAME = 24
_SOCKET, _TOKEN, _LOG = ".sock", ".token", ".log"
_LOCK = "lock"
_TOKEN_BYTES = 32
_BACKLOG = 128
_LAST_WORDS_BYTES = 4096
_PEER_CREDENTIALS = struct.Struct("3i")


class SharingRefused(Exception):
    """An engine cannot be shared here; the message says why, without a full stop."""


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one engine."""

    folder: Path
    name: str

    @property
    def socket(self) -> Path:
        return self.folder / (self.name + _SOCKET)

    @property
    def token(self) -> Path:
        return self.folder / (self.name + _TOKEN)

    @property
    def log(self) -> Path:
        return self.folder / (self.name + _LOG)

    @property
    def lock(self) -> Path:
        return self.folder / _LOCK


def can_share() -> bool:
    """Whether this platform has what sharing takes; Windows has not."""
    return hasattr(socket, "AF_UNIX") and hasattr(os, "fork")


def private_folder(environment: Mapping[str, str]) -> Path:
    """A folder that only this user can enter, made where it is missing; raises SharingRefused."""
    complaints = []
    for folder in _candidates(environment):
        try:
            # The engine has another current folder.
            return _checked(folder.absolute())
        except SharingRefused as error:
            complaints.append(str(error))
        except OSError as error:
            complaints.append(f"{folder} cannot be used: {error.strerror or error}")
    raise SharingRefused("; ".join(complaints))


def read_token(place: Place) -> bytes | None:
    """The token of the engine there; None where there is none."""
    try:
        return place.token.read_bytes()
    except OSError:
        return None


def try_lock(place: Place) -> int | None:
    """Take the folder's lock; a descriptor that holds it until it is closed, or None. OSError."""
    import fcntl  # Windows has no such module.

    descriptor = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def listen(place: Place) -> socket.socket:
    """A new socket there that takes connections, with a new token; OSError.

    The caller holds the lock. What was there before is gone, and so are the files of dead engines.
    """
    _remove(place)
    for other in _places(place.folder):
        if _is_dead(other):
            _remove(other)
    descriptor = _create(place.token, os.O_EXCL)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(_TOKEN_BYTES))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(place.socket))
        place.socket.chmod(0o600)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def open_log(place: Place) -> int:
    """A descriptor of the engine's empty log, for appending; OSError."""
    return _create(place.log, os.O_APPEND | os.O_TRUNC)


def last_words(place: Place) -> str:
    """The last line of the engine's log, empty where there is none."""
    try:
        with place.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_WORDS_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def is_own_peer(connection: socket.socket) -> bool:
    """Whether the process at the other end is this user's, as far as the platform can tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size)
    _, user_id, _ = _PEER_CREDENTIALS.unpack(data)
    return bool(user_id == os.geteuid())


def identity(place: Place) -> tuple[int, int] | None:
    """What tells the socket there from a later one of the same name; None where there is none."""
    try:
        status = place.socket.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def withdraw(place: Place, own: tuple[int, int] | None) -> None:
    """Remove the files of the engine whose socket is `own`, if they are still its."""
    if own is not None and identity(place) == own:
        _remove(place)


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """Folders that will do, best first; always the same for the same user."""
    if named := environment.get(FOLDER_VARIABLE):
        yield Path(named)
        return
    # Without the variable platformdirs would warn and choose a folder that is cleaned up.
    if environment.get("XDG_RUNTIME_DIR"):
        yield platformdirs.user_runtime_path(_APP, appauthor=False)
    yield platformdirs.user_cache_path(_APP, appauthor=False) / "engine"
    yield Path(tempfile.gettempdir()) / f"{_APP}-{os.geteuid()}"


def _checked(folder: Path) -> Path:
    longest = folder / ("x" * _LONGEST_NAME + _SOCKET)
    if len(os.fsencode(longest)) > _LONGEST_SOCKET_PATH:
        raise SharingRefused(f"the path {folder} is too long for a socket")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise SharingRefused(f"{folder} is no folder")
    if status.st_uid != os.geteuid():
        raise SharingRefused(f"{folder} belongs to another user")
    if status.st_mode & 0o077:
        raise SharingRefused(f"{folder} is open to other users")
    parent = folder.parent.stat()
    if parent.st_mode & stat.S_IWOTH and not parent.st_mode & stat.S_ISVTX:
        raise SharingRefused(f"other users may replace {folder}")
    return folder


def _places(folder: Path) -> list[Place]:
    names = {path.stem for path in folder.iterdir() if path.suffix in (_SOCKET, _TOKEN, _LOG)}
    return [Place(folder, name) for name in sorted(names)]


def _is_dead(place: Place) -> bool:
    """Whether nobody listens there. Under the lock nobody is just about to, either."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(place.socket))
        except (ConnectionRefusedError, FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
    return False


def _create(path: Path, how: int) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | how, 0o600)


def _remove(place: Place) -> None:
    for path in (place.socket, place.token, place.log):
        with suppress(FileNotFoundError):
            path.unlink()
