"""Watches the folders that the index would enter, one by one, on Linux.

A folder that the rules leave out costs nothing and is never told of, however busy it is; what
appears, moves or is ignored later is followed. Takes at most a share of what the kernel allows, as
an editor wants to watch too.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sc2_lsp.index.gitfiles import Repository, repository_around, repository_at
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
_HEAD = "HEAD"


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
        # Git's own folders: names in them that tell something, each with the folder it is told of.
        self._repositories: dict[int, set[tuple[str, str]]] = {}
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
            changed.update(self._take(event))
        return changed

    def wake(self) -> None:
        self._inotify.wake()

    def close(self) -> None:
        self._inotify.close()

    def _take(self, event: Event) -> Collection[str]:
        """What to tell of `event`, having followed it."""
        if event.mask & inotify.OVERFLOW:
            self._renew(EVERYTHING)
            return (EVERYTHING,)
        told: set[str] = set()
        if event.descriptor in self._repositories:
            told = self._take_git(event)
        folder = self._paths.get(event.descriptor)
        if folder is None:
            return told
        if not event.name:
            self._take_end(event, folder)
        elif (path := self._take_entry(event, folder, self._folders[folder].scope)) is not None:
            told.add(path)
        return told

    def _take_git(self, event: Event) -> set[str]:
        """The folders of which git has another branch, or other rules.

        The index file is no sign of another branch: looking at the status rewrites it.
        """
        if event.mask & inotify.IGNORED:
            del self._repositories[event.descriptor]
            return set()
        if not event.mask & (_APPEARED | _LEFT | inotify.CLOSE_WRITE):
            return set()
        told = {top for name, top in self._repositories[event.descriptor] if name == event.name}
        for top in told:
            self._add_repository(top)  # It, or its folder of excludes, may be a new one.
            if event.name != _HEAD:
                self._renew(top)
        return told

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
        descriptor = self._watch(f"{self._root}/{path}")
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
        """Watch what git keeps of the folder `path`, if it is the top of a checkout.

        Of the root whatever repository holds it, since its rules count there.
        """
        folder = Path(self._root, path)
        repository = repository_at(folder) if path else _around(folder)
        if repository is None:
            if not os.path.lexists(folder / ".git"):
                return
            repository = Repository(folder / ".git", folder / ".git")  # In the making.
        excludes = repository.excludes
        for file in (repository.own / _HEAD, excludes.parent, excludes):
            descriptor = self._watch(f"{file.parent}/.")  # The folder may be reached by a link.
            if descriptor is not None:
                self._repositories.setdefault(descriptor, set()).add((file.name, path))

    def _watch(self, folder: str) -> int | None:
        """The descriptor of a folder; None if it is none, is gone, or may not be read."""
        try:
            return self._inotify.add(folder)
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
        for descriptor, signs in list(self._repositories.items()):
            signs -= {sign for sign in signs if sign[1] == path}
            if not signs:
                del self._repositories[descriptor]
                if descriptor not in self._paths:
                    self._inotify.remove(descriptor)


def _around(root: Path) -> Repository | None:
    found = repository_around(Path(os.path.realpath(root)))
    return found[1] if found is not None else None


def _is_at_or_below(path: str, folder: str) -> bool:
    return folder == EVERYTHING or path == folder or path.startswith(f"{folder}/")


def _allowed() -> int:
    try:
        return int(_MAX_WATCHES.read_text("ascii")) // _SHARE
    except (OSError, ValueError):
        return 4096  # Half of what older kernels allow.
