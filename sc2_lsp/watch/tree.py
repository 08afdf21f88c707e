"""Watches the folders that the index would enter, one by one, on Linux.

A folder that the rules leave out costs nothing and is never told of, however busy it is; what
appears, moves or is ignored later is followed. Takes at most a share of what the kernel allows, as
an editor wants to watch too.
"""

from __future__ import annotations

import errno
import threading
from dataclasses import dataclass
from pathlib import Path

from sc2_lsp.index.scope import MARKS, Scope
from sc2_lsp.index.walk import folders
from sc2_lsp.watch import inotify
from sc2_lsp.watch.inotify import Event, Inotify
from sc2_lsp.watch.source import EVERYTHING, Exhausted, RootGone

_MAX_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
_SHARE = 2  # One in so many of them.
_REFUSALS = frozenset((errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSYS))
_APPEARED = inotify.CREATE | inotify.MOVED_TO
_LEFT = inotify.DELETE | inotify.MOVED_FROM


@dataclass(frozen=True, slots=True)
class _Watched:
    descriptor: int
    scope: Scope


class FolderTree:
    """Implements `Source`. Raises `Exhausted` where the kernel refuses, now or later."""

    def __init__(self, root: str, stopping: threading.Event, max_folders: int | None) -> None:
        self._root = root
        self._stopping = stopping
        self._max_folders = _allowed() if max_folders is None else max_folders
        self._folders: dict[str, _Watched] = {}
        self._paths: dict[int, str] = {}
        # Git's own folders, and the repositories that they belong to.
        self._repositories: dict[int, str] = {}
        try:
            self._inotify = Inotify()
        except OSError as error:
            raise Exhausted from error
        try:
            self._cover(EVERYTHING)
            if EVERYTHING not in self._folders and not stopping.is_set():
                raise RootGone
        except BaseException:
            self._inotify.close()
            raise

    def wait(self, timeout_s: float | None) -> set[str]:
        changed: set[str] = set()
        for event in self._inotify.read(timeout_s):
            path = self._take(event)
            if path is not None:
                changed.add(path)
        return changed

    def wake(self) -> None:
        self._inotify.wake()

    def close(self) -> None:
        self._inotify.close()

    def _take(self, event: Event) -> str | None:
        """What to tell of `event`, having followed it."""
        if event.mask & inotify.OVERFLOW:
            self._renew(EVERYTHING)
            return EVERYTHING
        repository = self._repositories.get(event.descriptor)
        if repository is not None:
            if event.mask & inotify.IGNORED:
                del self._repositories[event.descriptor]
            # Another branch. The index file is no sign of one: looking at the status rewrites it.
            is_switch = event.name == "HEAD" and event.mask & (_APPEARED | inotify.CLOSE_WRITE)
            return repository if is_switch else None
        folder = self._paths.get(event.descriptor)
        if folder is None:
            return None
        if not event.name:
            self._take_end(event, folder)
            return None
        return self._take_entry(event, folder, self._folders[folder].scope)

    def _take_end(self, event: Event, folder: str) -> None:
        """The folder itself went away; the one around it tells of that, unless it is the root."""
        if folder == EVERYTHING:
            raise RootGone
        if event.mask & inotify.IGNORED:
            self._drop(folder)

    def _take_entry(self, event: Event, folder: str, scope: Scope) -> str | None:
        path = f"{folder}/{event.name}" if folder else event.name
        if event.name in MARKS:
            self._renew(folder)
            return folder
        if not event.mask & inotify.IS_FOLDER:
            return path if scope.file_reason(event.name) is None else None
        if event.mask & _LEFT:
            self._forget(path)
        if scope.folder_reason(event.name) is not None:
            return None
        if event.mask & _APPEARED:
            self._cover(path)
        return path

    def _cover(self, below: str) -> None:
        """Watch every folder at or below `below`.

        A folder that was made after its place was listed and before it was watched is found when
        everything is listed again, which ends once there is nothing new.
        """
        n_before = -1
        while n_before != len(self._folders) and not self._stopping.is_set():
            n_before = len(self._folders)
            for folder in folders(self._root, below=below):
                if self._stopping.is_set():
                    return
                if folder.path not in self._folders:
                    self._add(folder.path, folder.scope)

    def _renew(self, below: str) -> None:
        """Follow rules that may have changed in the folder `below`."""
        scopes = {folder.path: folder.scope for folder in folders(self._root, below=below)}
        for path, watched in list(self._folders.items()):
            if path in scopes:
                self._folders[path] = _Watched(watched.descriptor, scopes[path])
            elif _is_at_or_below(path, below):
                self._drop(path)
        self._cover(below)
        if below in self._folders:
            self._add_repository(below)

    def _add(self, path: str, scope: Scope) -> None:
        if len(self._paths) + len(self._repositories) >= self._max_folders:
            raise Exhausted
        descriptor = self._watch(path)
        if descriptor is None:
            return
        # A folder that was moved is known by its old name until the event comes that tells so.
        old = self._paths.get(descriptor)
        if old is not None:
            del self._folders[old]
        self._paths[descriptor] = path
        self._folders[path] = _Watched(descriptor, scope)
        self._add_repository(path)

    def _add_repository(self, path: str) -> None:
        descriptor = self._watch(f"{path}/.git" if path else ".git")
        if descriptor is not None:
            self._repositories[descriptor] = path

    def _watch(self, path: str) -> int | None:
        """The descriptor of a folder; None if it is none, is gone, or may not be read."""
        try:
            return self._inotify.add(f"{self._root}/{path}")
        except OSError as error:
            if error.errno in _REFUSALS:
                raise Exhausted from error
            return None

    def _forget(self, below: str) -> None:
        for path in [path for path in self._folders if _is_at_or_below(path, below)]:
            self._drop(path)

    def _drop(self, path: str) -> None:
        watched = self._folders.pop(path)
        del self._paths[watched.descriptor]
        self._inotify.remove(watched.descriptor)
        for descriptor in [at for at, top in self._repositories.items() if top == path]:
            del self._repositories[descriptor]
            self._inotify.remove(descriptor)


def _is_at_or_below(path: str, folder: str) -> bool:
    return folder == EVERYTHING or path == folder or path.startswith(f"{folder}/")


def _allowed() -> int:
    try:
        return int(_MAX_WATCHES.read_text("ascii")) // _SHARE
    except (OSError, ValueError):
        return 4096  # Half of what older kernels allow.
