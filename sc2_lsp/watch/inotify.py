"""Linux's inotify: which entries of which folders changed, told by the kernel.

Read directly, since watchdog's own reader offers no choice that would do: watching a tree makes it
watch `node_modules` too and say nothing where the kernel refuses, and watching folders one by one
makes it start a thread for each.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
from dataclasses import dataclass

CLOSE_WRITE = 0x00000008
MOVED_FROM = 0x00000040
MOVED_TO = 0x00000080
CREATE = 0x00000100
DELETE = 0x00000200
DELETE_SELF = 0x00000400
MOVE_SELF = 0x00000800
OVERFLOW = 0x00004000
IGNORED = 0x00008000
IS_FOLDER = 0x40000000

_ONLY_FOLDERS = 0x01000000
_DONT_FOLLOW = 0x02000000
_WANTED = CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF
_HEADER = struct.Struct("iIII")  # Descriptor, mask, cookie, and how many bytes of name follow.
_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to the entry `name` of a watched folder; to the folder if `name` is empty."""

    descriptor: int
    mask: int
    name: str


class Inotify:
    """One inotify instance. Raises OSError where the kernel refuses."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            self._bell, self._ring = os.pipe()
        except OSError:
            os.close(self._fd)
            raise
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._poll.register(self._bell, select.POLLIN)

    def add(self, folder: str) -> int:
        """The descriptor that events of `folder` carry from now on."""
        mask = _WANTED | _ONLY_FOLDERS | _DONT_FOLLOW
        return self._checked(self._libc.inotify_add_watch(self._fd, os.fsencode(folder), mask))

    def remove(self, descriptor: int) -> None:
        """End the events of a folder; events on their way may still come."""
        self._libc.inotify_rm_watch(self._fd, descriptor)  # Fails if the folder is gone: no matter.

    def read(self, timeout_s: float | None) -> list[Event]:
        """The next events; none after `timeout_s`, or when somebody called `wake`."""
        ready = self._poll.poll(None if timeout_s is None else max(0, timeout_s * 1000))
        if not any(fd == self._fd for fd, _ in ready):
            return []
        try:
            return _parsed(os.read(self._fd, _BUFFER_BYTES))
        except BlockingIOError:
            return []

    def wake(self) -> None:
        """Have every `read` from now on return at once; may be called from any thread."""
        os.write(self._ring, b"\0")

    def close(self) -> None:
        for fd in (self._fd, self._bell, self._ring):
            os.close(fd)

    def _checked(self, result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result


def _parsed(data: bytes) -> list[Event]:
    events = []
    at = 0
    while at < len(data):
        descriptor, mask, _, n_name = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        name = os.fsdecode(data[at : at + n_name].rstrip(b"\0"))
        events.append(Event(descriptor, mask, name))
        at += n_name
    return events
