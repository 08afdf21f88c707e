"""Tells what changes below a root, whoever changes it; the only door to watchdog and inotify.

Reads no file's content and knows no index. What the ignore rules leave out is not told of, so far
as it is known without a look at it; whoever is told has to look anyway, since a path may have come,
gone or changed by then.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sc2_lsp.index.limits import Limits
from sc2_lsp.watch.mounts import is_remote
from sc2_lsp.watch.polling import Polling
from sc2_lsp.watch.source import EVERYTHING, Exhausted, RootGone, Source

__all__ = ["EVERYTHING", "OnChange", "Options", "State", "Trial", "Watcher", "trial"]

OnChange = Callable[[frozenset[str]], None]
"""Is given the paths that changed, relative to the root, with forward slashes.

The path of a folder says that anything at or below it may have changed, `EVERYTHING` the same of
the root. Called on the watcher's thread; must neither raise nor wait for the watcher.
"""

_MOST_PATHS = 10_000


class State(str, Enum):
    """How changes are noticed. WAITING: there is no such folder just now."""

    STARTING = "starting"
    TOLD = "told by the system"
    POLLING = "polling"
    WAITING = "waiting for the folder"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Options:
    """What is told once nothing changed for `quiet_s`, and `most_s` after the first change anyway.

    A folder that is not there is looked for every `retry_s`. `max_folders` bounds what the kernel
    is asked to watch; None takes half of what it allows to a user. With `trusts_system` false it is
    not asked at all, for file systems that tell of no changes and look as if they did. Files beyond
    `limits` need not be told of.
    """

    quiet_s: float = 0.05
    most_s: float = 0.5
    poll_s: float = 5.0
    retry_s: float = 2.0
    max_folders: int | None = None
    trusts_system: bool = True
    limits: Limits = Limits()  # noqa: RUF009  frozen


class Watcher:
    """Watches one root on a thread of its own.

    Tells `EVERYTHING` once it watches, since nobody knows what changed before, and whenever the
    root is gone or has come back. Nothing is told after `stop` returned.
    """

    def __init__(self, root: str, on_change: OnChange, options: Options | None = None) -> None:
        self._root = root
        self._on_change = on_change
        self._options = options or Options()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._source: Source | None = None
        self._state = State.STARTING
        self._is_exhausted = False
        self._thread = threading.Thread(target=self._run, name="sc2-watch", daemon=True)

    @property
    def state(self) -> State:
        return self._state

    def start(self) -> None:
        """Begin to watch; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, at most a moment later; no thread is left."""
        self._stopping.set()
        with self._lock:
            if self._source is not None:
                self._source.wake()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._watch_while_possible()
        finally:
            self._state = State.STOPPED

    def _watch_while_possible(self) -> None:
        try:
            self._watch()
        except Exhausted:
            self._is_exhausted = True
        except RootGone:
            was_watching = self._state in (State.TOLD, State.POLLING)
            self._state = State.WAITING
            if was_watching:
                self._tell({EVERYTHING})
            self._stopping.wait(self._options.retry_s)

    def _watch(self) -> None:
        if not Path(self._root).is_dir():
            raise RootGone
        source = self._open()
        try:
            with self._lock:
                self._source = source
            self._tell({EVERYTHING})
            while not self._stopping.is_set():
                self._tell(self._gathered(source))
        finally:
            with self._lock:
                self._source = None
            source.close()

    def _open(self) -> Source:
        trusts_system = self._options.trusts_system and not self._is_exhausted
        if not trusts_system or is_remote(self._root):
            source: Source = Polling(
                self._root, self._options.poll_s, self._stopping, self._options.limits
            )
            self._state = State.POLLING
            return source
        source = _told_by_the_system(self._root, self._stopping, self._options.max_folders)
        self._state = State.TOLD
        return source

    def _gathered(self, source: Source) -> set[str]:
        """The next changes, and what follows upon them at once."""
        changed = source.wait(None)
        ends_at = time.monotonic() + self._options.most_s
        while changed and not self._stopping.is_set():
            left_s = min(self._options.quiet_s, ends_at - time.monotonic())
            more = source.wait(left_s) if left_s > 0 else None
            if not more:
                break
            changed |= more
        return changed

    def _tell(self, changed: set[str]) -> None:
        if changed and not self._stopping.is_set():
            is_all = EVERYTHING in changed or len(changed) > _MOST_PATHS
            self._on_change(frozenset((EVERYTHING,)) if is_all else frozenset(changed))


class Trial(str, Enum):
    """How changes below a root would be noticed now."""

    TOLD = "told"
    REMOTE = "remote"
    EXHAUSTED = "exhausted"
    GONE = "gone"


def trial(root: str, max_folders: int | None = None) -> Trial:
    """Watch `root` for a moment, as a `Watcher` with such options would, and let go of it."""
    if is_remote(root):
        return Trial.REMOTE
    try:
        _told_by_the_system(root, threading.Event(), max_folders).close()
    except Exhausted:
        return Trial.EXHAUSTED
    except RootGone:
        return Trial.GONE
    return Trial.TOLD


def _told_by_the_system(root: str, stopping: threading.Event, max_folders: int | None) -> Source:
    system: str = sys.platform  # As a plain string, or mypy takes one branch for dead.
    if system == "linux":
        from sc2_lsp.watch.tree import FolderTree

        return FolderTree(root, stopping, max_folders)
    from sc2_lsp.watch.whole import WholeTree

    return WholeTree(root)
