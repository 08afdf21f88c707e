"""Watches a root as a whole, where the system watches trees: macOS and Windows, by watchdog."""

from __future__ import annotations

import os
import queue
from pathlib import Path

from watchdog.events import (
    DirModifiedEvent,
    FileClosedNoWriteEvent,
    FileOpenedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from sc2_lsp.index.gitfiles import repository_around
from sc2_lsp.index.limits import Reason
from sc2_lsp.index.scope import MARKS
from sc2_lsp.index.walk import Skipped, walk
from sc2_lsp.watch.source import EVERYTHING, Exhausted, RootGone

_NO_CHANGES = (DirModifiedEvent, FileOpenedEvent, FileClosedNoWriteEvent)
_NOT_TOLD = frozenset((Reason.IGNORED, Reason.TOOL_FOLDER, Reason.SECRET, Reason.BAD_NAME))
_WAKE = None


class WholeTree(FileSystemEventHandler):
    """Implements `Source`. Raises `Exhausted` where the system refuses."""

    def __init__(self, root: str) -> None:
        # What the system tells of has all links in it resolved.
        self._root = os.path.realpath(root)
        self._events: queue.SimpleQueue[tuple[str, bool] | None] = queue.SimpleQueue()
        self._left_out: set[str] = set()  # Folders, as long as one batch of events is looked at.
        self._outside = _signs_outside(self._root)
        self._observer = Observer()
        try:
            self._observer.schedule(self, self._root, recursive=True)
            for folder in {os.path.dirname(file) for file in self._outside}:  # noqa: PTH120
                self._observer.schedule(self, folder)
            self._observer.start()
        except (OSError, RuntimeError) as error:
            raise Exhausted from error

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called on a thread of watchdog's."""
        if isinstance(event, _NO_CHANGES) or (
            event.is_directory and event.event_type == "modified"
        ):
            return
        for path in {event.src_path, event.dest_path} - {"", b""}:
            self._events.put((os.fsdecode(path), event.is_directory))

    def wait(self, timeout_s: float | None) -> set[str]:
        changed: set[str] = set()
        self._left_out.clear()
        try:
            event = self._events.get(timeout=timeout_s)
            while event is not _WAKE:
                path = self._told(*event)
                if path is not None:
                    changed.add(path)
                event = self._events.get_nowait()
            self._events.put(_WAKE)
        except queue.Empty:
            pass
        return changed

    def wake(self) -> None:
        self._events.put(_WAKE)

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()

    def _told(self, path: str, is_folder: bool) -> str | None:
        if path == self._root and not os.path.isdir(self._root):  # noqa: PTH112
            raise RootGone
        if path in self._outside:
            return EVERYTHING
        relative = os.path.relpath(path, self._root).replace(os.sep, "/")
        if relative == "." or relative.startswith("../"):
            return None
        folder, _, name = relative.rpartition("/")
        if name == "HEAD" and folder.rpartition("/")[2] == ".git":
            return folder.rpartition("/")[0]
        if f"/{relative}".endswith("/info/exclude") and ".git" in folder.split("/"):
            # Of a submodule they are kept in the repository around it.
            return relative[: f"/{relative}".index("/.git/")].rstrip("/")
        if not is_folder and name in MARKS:
            return folder
        above = relative.split("/")
        if any("/".join(above[:n]) in self._left_out for n in range(1, len(above))):
            return None
        found = next(walk(self._root, below=relative), None)
        if not isinstance(found, Skipped) or found.reason not in _NOT_TOLD:
            return relative
        if found.path != relative and not relative.startswith(f"{found.path}/"):
            return relative  # A folder, and something in it that is left out.
        self._left_out.add(found.path)
        return None


def _signs_outside(root: str) -> set[str]:
    """The files of git's that tell of another branch or other rules and are not below `root`: of
    a further worktree, a submodule, or a folder of a repository."""
    found = repository_around(Path(root))
    files = (found[1].own / "HEAD", found[1].excludes) if found is not None else ()
    folders = {os.path.realpath(file.parent): file.name for file in files if file.parent.is_dir()}
    outside = {folder: name for folder, name in folders.items() if not _is_in(folder, root)}
    return {os.path.join(folder, name) for folder, name in outside.items()}  # noqa: PTH118


def _is_in(folder: str, root: str) -> bool:
    return f"{folder}{os.sep}".startswith(f"{root}{os.sep}")
