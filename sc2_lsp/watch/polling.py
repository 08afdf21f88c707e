"""Looks at the sizes and times of all files of a root again and again.

For where nobody tells: file systems of other machines, and trees too large for the kernel's limits.
Spends at most a twentieth of the time on it, so a large tree is looked at less often.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from sc2_lsp.index.limits import Limits
from sc2_lsp.index.walk import Found, walk
from sc2_lsp.watch.source import RootGone

_SHARE = 20


class Polling:
    """Implements `Source`; looks every `interval_s`, or less often."""

    def __init__(
        self, root: str, interval_s: float, stopping: threading.Event, limits: Limits
    ) -> None:
        self._root = root
        self._interval_s = interval_s
        self._stopping = stopping
        self._limits = limits
        self._stamps: dict[str, tuple[int, int]] = {}
        self._next_at = 0.0
        self._look()

    def wait(self, timeout_s: float | None) -> set[str]:
        ends_at = None if timeout_s is None else time.monotonic() + timeout_s
        changed: set[str] = set()
        while not changed and not self._stopping.is_set():
            if ends_at is not None and ends_at < self._next_at:
                self._stopping.wait(max(0.0, ends_at - time.monotonic()))
                break
            if not self._stopping.wait(max(0.0, self._next_at - time.monotonic())):
                changed = self._look()
        return changed

    def wake(self) -> None:
        """Whoever calls this has set `stopping`."""

    def close(self) -> None:
        """Nothing is held."""

    def _look(self) -> set[str]:
        started = time.monotonic()
        if not Path(self._root).is_dir():
            raise RootGone
        stamps: dict[str, tuple[int, int]] = {}
        for at in walk(self._root, limits=self._limits):
            if isinstance(at, Found):
                stamps[at.path] = (at.size, at.mtime_ns)
            if self._stopping.is_set():
                return set()
        changed = {path for path, stamp in stamps.items() if self._stamps.get(path) != stamp}
        changed.update(path for path in self._stamps if path not in stamps)
        self._stamps = stamps
        ended = time.monotonic()
        self._next_at = ended + max(self._interval_s, _SHARE * (ended - started))
        return changed
