"""Indexes that index nothing and remember what they were told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sc2_lsp.domain import IndexProgress, IndexSpec, Snapshot
from sc2_lsp.ports import CodeIndex
from sc2_lsp.text import Text


class FakeIndexes:
    """Shows all that it was told by `summaries`, newest last.

    A changed file called `progress-DONE-TOTAL` makes progress, one called `notice` gives one. Files
    are excluded whose names begin with that word.
    """

    def __init__(self) -> None:
        self._told: list[dict[str, Any]] = []

    def listen(
        self, progress: Callable[[IndexProgress], None], notice: Callable[[str], None]
    ) -> None:
        self._progress, self._notice = progress, notice

    def configure(self, spec: IndexSpec) -> None:
        self._told.append(
            {"roots": list(spec.roots), "kib": spec.max_file_bytes // 1024, "watch": spec.watch}
        )

    def index_for(self, snapshot: Snapshot) -> CodeIndex | None:
        return None

    @contextmanager
    def still(self) -> Iterator[None]:
        self._told.append({"still": True})
        yield
        self._told.append({"still": False})

    def hold(self, path: str, text: Text) -> None:
        self._told.append({"hold": path, "text": text.content[:100]})

    def release(self, path: str) -> None:
        self._told.append({"release": path})

    def changed(self, paths: Iterable[str]) -> None:
        paths = list(paths)
        self._told.append({"changed": paths})
        for path in paths:
            root, _, name = path.rpartition("/")
            if name == "notice":
                self._notice("Something is wrong with the index.")
            if name.startswith("progress-"):
                n_done, n_total = map(int, name.split("-")[1:])
                self._progress(IndexProgress(root, n_done, n_total, n_done == n_total))

    def excludes(self, path: str) -> bool:
        return path.rpartition("/")[2].startswith("excluded")

    async def summaries(self) -> list[dict[str, Any]]:
        return self._told

    async def close(self) -> None:
        self._told.append({"closed": True})
