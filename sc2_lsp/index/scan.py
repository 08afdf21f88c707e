"""Compares the files below a root with what an index knows of them, a step at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from sc2_lsp.index.limits import Limits
from sc2_lsp.index.todo import Wanted
from sc2_lsp.index.walk import Found, walk


class Scan:
    """Owns one walk. `known` are size and time of the files in the index, by their paths."""

    def __init__(self, root: str, known: dict[str, tuple[int, int]], limits: Limits) -> None:
        self._walk = walk(root, limits=limits)
        self._unseen = known
        self.n_found = 0
        self.wanted: list[Wanted] = []
        self.skipped: Counter[str] = Counter()

    def step(self, n_entries: int) -> bool:
        """Look at so many entries; false once there are no more."""
        n_left = n_entries
        for entry in islice(self._walk, n_entries):
            n_left -= 1
            if not isinstance(entry, Found):
                self.skipped[entry.reason.value] += 1
                continue
            self.n_found += 1
            if self._unseen.pop(entry.path, None) != (entry.size, entry.mtime_ns):
                self.wanted.append(Wanted(entry.path, entry.size, entry.mtime_ns))
        return n_left == 0

    def keep(self, paths: Iterable[str]) -> None:
        """Somebody else has seen these files meanwhile."""
        for path in paths:
            self._unseen.pop(path, None)

    def gone(self) -> list[str]:
        """What the walk, now at its end, did not find any more."""
        return list(self._unseen)
