"""The indexes of a workspace: one for each folder, fed by the editor and by a watcher.

Only puts together what `index` and `watch` do. An event may come twice, from the editor and from
the watcher; an index reads no file again that is as it was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sc2_lsp.domain import IndexProgress, IndexSpec, Snapshot
from sc2_lsp.index.limits import Limits
from sc2_lsp.index.messages import Phase, Progress
from sc2_lsp.index.place import default_folder
from sc2_lsp.index.scope import is_kept_out
from sc2_lsp.index.service import Index, IndexOptions
from sc2_lsp.index.stillness import LONGEST_S, Stillness
from sc2_lsp.ports import CodeIndex
from sc2_lsp.text import Text
from sc2_lsp.watch import EVERYTHING, Options, Watcher
from sc2_lsp.workspace.repository import relative_path, root_of
from sc2_lsp.workspace.uris import path_of_uri

_RULES = frozenset((".sc2ignore", ".gitignore", "exclude"))
_MOST_REMEMBERED = 1024
_AT_REST = (Phase.READY, Phase.FOLLOWING, Phase.STOPPED)


class FolderIndexes:
    """Owns an index for each folder, and what the editor holds; belongs to one event loop.

    `folder` is where indexes are kept, None for the user's cache. Where they are awaited they are
    built at the priority of any program, else at the lowest.
    """

    def __init__(self, folder: Path | None = None, *, are_awaited: bool = False) -> None:
        self._options = IndexOptions(folder=folder, is_awaited=are_awaited)
        self._waiting = _Waiting(Stillness(folder or default_folder()))
        self._spec = IndexSpec((), 0, "off")
        self._folders: dict[str, _Folder] = {}
        self._held: dict[str, Text] = {}
        self._excluded: dict[str, bool] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._progress: Callable[[IndexProgress], None] = lambda progress: None
        self._notice: Callable[[str], None] = lambda message: None

    def listen(
        self, progress: Callable[[IndexProgress], None], notice: Callable[[str], None]
    ) -> None:
        self._progress, self._notice = progress, notice

    def configure(self, spec: IndexSpec) -> None:
        kept = spec.roots if _manner(spec) == _manner(self._spec) else ()
        self._spec = spec
        self._excluded.clear()
        for root in tuple(self._folders):
            if root not in kept:
                self._end(root)
        for root in spec.roots:
            if root not in self._folders:
                self._begin(root)

    def index_for(self, snapshot: Snapshot) -> CodeIndex | None:
        path = path_of_uri(snapshot.uri)
        if path is None:
            # What is not saved yet belongs to the only folder there is.
            folders = list(self._folders.values())
            return folders[0].index.reader if len(folders) == 1 else None
        root = root_of(path, tuple(self._folders))
        return self._folders[root].index.reader if root is not None else None

    def still(self) -> AbstractContextManager[None]:
        return self._waiting.one() if self._folders else nullcontext()

    def hold(self, path: str, text: Text) -> None:
        is_new = path not in self._held
        if is_new:
            self._excluded.pop(path, None)
        self._held[path] = text
        for folder, inner in self._holding(path):
            folder.hold(inner, text)
            if is_new:
                folder.index.focus([inner])

    def release(self, path: str) -> None:
        self._held.pop(path, None)
        for folder, inner in self._holding(path):
            folder.release(inner)

    def changed(self, paths: Iterable[str]) -> None:
        paths = tuple(paths)
        if any(path.rpartition("/")[2] in _RULES for path in paths):
            self._excluded.clear()
        inner_paths: dict[_Folder, list[str]] = {}
        for path in paths:
            for folder, inner in self._holding(path):
                inner_paths.setdefault(folder, []).append(inner)
        for folder, changed in inner_paths.items():
            folder.changed(changed)

    def excludes(self, path: str) -> bool:
        known = self._excluded.get(path)
        if known is None:
            if len(self._excluded) >= _MOST_REMEMBERED:
                self._excluded.clear()
            known = is_kept_out(path, root_of(path, self._spec.folders))
            self._excluded[path] = known
        return known

    async def summaries(self) -> list[dict[str, Any]]:
        return [await folder.summary() for folder in tuple(self._folders.values())]

    async def settled(self) -> None:
        """Wait until every folder is indexed, or cannot be."""
        for folder in tuple(self._folders.values()):
            await folder.at_rest.wait()

    async def rebuild(self) -> None:
        """Index every folder from nothing, and wait for that."""
        await asyncio.gather(*(folder.index.rebuild() for folder in self._folders.values()))

    async def close(self) -> None:
        for root in tuple(self._folders):
            self._end(root)
        await asyncio.gather(*self._ending)
        self._waiting.close()

    def _begin(self, root: str) -> None:
        folder = _Folder(root, self._spec, self._options, self._show, self._excluded.clear)
        self._folders[root] = folder
        for path, text in self._held.items():
            for holding, inner in self._holding(path):
                if holding is folder:
                    folder.hold(inner, text)
        folder.start()

    def _end(self, root: str) -> None:
        ending = asyncio.ensure_future(self._folders.pop(root).close())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        self._progress(IndexProgress(root, 0, 0, is_done=True))

    def _show(self, folder: _Folder, progress: Progress) -> None:
        if self._folders.get(folder.root) is not folder:
            return
        is_done = progress.phase in _AT_REST
        self._progress(IndexProgress(folder.root, progress.done, progress.total, is_done))
        if progress.message:
            self._notice(f"{folder.root}: {progress.message}")

    def _holding(self, path: str) -> Iterator[tuple[_Folder, str]]:
        """The folders that hold `path`, each with the path inside of it."""
        for root, folder in self._folders.items():
            if root_of(path, (root,)) is not None:
                yield folder, relative_path(path, (root,))


class _Waiting:
    """Owns what this server asks of all indexers: that they keep still as long as anybody waits."""

    def __init__(self, stillness: Stillness) -> None:
        self._stillness = stillness
        self._n = 0
        self._again: asyncio.TimerHandle | None = None

    @contextmanager
    def one(self) -> Iterator[None]:
        """Somebody waits for what is done within, on the event loop."""
        self._n += 1
        if self._n == 1:
            self._ask()
        try:
            yield
        finally:
            self._n -= 1
            if self._n == 0:
                self._ask_no_more()
                self._stillness.take_back()

    def close(self) -> None:
        """Whoever waits still is not spoken for any more."""
        self._ask_no_more()
        self._stillness.close()

    def _ask_no_more(self) -> None:
        if self._again is not None:
            self._again.cancel()

    def _ask(self) -> None:
        self._stillness.ask()
        self._again = asyncio.get_running_loop().call_later(LONGEST_S / 2, self._ask)


class _Folder:
    """Owns index and watcher of one folder; `at_rest` while there is nothing to do."""

    def __init__(
        self,
        root: str,
        spec: IndexSpec,
        options: IndexOptions,
        show: Callable[[_Folder, Progress], None],
        rules_changed: Callable[[], None],
    ) -> None:
        self.root = root
        self.at_rest = asyncio.Event()
        self._show = show
        self._rules_changed = rules_changed
        self._open: dict[str, Text] = {}
        self._rejected: set[str] = set()
        self._focus: set[str] = set()
        limits = Limits(max_bytes=spec.max_file_bytes)
        self.index = Index(root, replace(options, limits=limits), self._take)
        self._loop = asyncio.get_running_loop()
        watching = Options(trusts_system=spec.watch != "poll", limits=limits)
        self._watcher = Watcher(root, self._told, watching) if spec.watch != "off" else None

    def start(self) -> None:
        self.index.start()
        if self._watcher is not None:
            self._watcher.start()

    def changed(self, paths: Collection[str]) -> None:
        """Look at these paths, relative to the folder; at all there is for `EVERYTHING`."""
        if EVERYTHING in paths:
            self.index.rescan()
        else:
            self.index.changed(paths)
        if any(self._may_change_rules(path) for path in paths):
            self._rules_changed()
            self._judge_anew()

    def hold(self, path: str, text: Text) -> None:
        self._open[path] = text
        # Whether a file belongs into the index is asked once, not at every keystroke.
        if path in self._rejected:
            return
        self.index.hold(path, text.content)
        if self.index.reader.overlay.is_held(path):
            self._focus.add(path)
        else:
            self._rejected.add(path)

    def release(self, path: str) -> None:
        self._open.pop(path, None)
        self._rejected.discard(path)
        self._focus.discard(path)
        self.index.release(path)

    def _may_change_rules(self, path: str) -> bool:
        """Whether open files may belong into the index, or not any more, by a change of `path`."""
        is_above = any(other.startswith(f"{path}/") for other in self._open)
        return path == EVERYTHING or is_above or path.rpartition("/")[2] in _RULES

    def _judge_anew(self) -> None:
        for path, text in self._open.items():
            if path in self._rejected:
                self._rejected.discard(path)
                self.hold(path, text)
            elif not self.index.belongs(path):
                self.index.release(path)
                self._focus.discard(path)
                self._rejected.add(path)

    async def close(self) -> None:
        if self._watcher is not None:
            await asyncio.to_thread(self._watcher.stop)
        await self.index.close()

    async def summary(self) -> dict[str, Any]:
        now = self.index.progress
        known = await asyncio.to_thread(self.index.summary)
        age_s = None if known.scanned_s is None else max(time.time() - known.scanned_s, 0.0)
        return {
            "root": self.root,
            "state": now.phase.value,
            "n_done": now.done,
            "n_total": now.total,
            "n_files": known.n_files,
            "n_bytes": known.n_bytes,
            "n_pieces": known.n_pieces,
            "disk_bytes": known.disk_bytes,
            "age_s": age_s,
            "watching": self._watcher.state.value if self._watcher is not None else "off",
            "languages": dict(known.languages),
            "skipped": dict(known.skipped),
            "database": known.database,
            "problem": now.message or known.problem,
        }

    def _told(self, paths: frozenset[str]) -> None:
        """Runs on the watcher's thread, which may outlive the loop by a moment."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.changed, paths)

    def _take(self, progress: Progress) -> None:
        if progress.phase is Phase.SCANNING and self._focus:
            # Whoever was told before is another process.
            self.index.focus(self._focus)
        if progress.phase in _AT_REST:
            self.at_rest.set()
        else:
            self.at_rest.clear()
        self._show(self, progress)


def _manner(spec: IndexSpec) -> tuple[object, ...]:
    return spec.max_file_bytes, spec.watch
