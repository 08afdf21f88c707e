"""Keeps one index as the files are: what to do at each event, one at a time.

Reads little itself: workers do, and what they found comes back as an event. What fails with the
database ends neither the process nor the index: damage is set aside and the index begun anew, and
where nothing can be written the last state stands.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from sc2_lsp.index.fingerprint import fingerprint
from sc2_lsp.index.limits import Limits
from sc2_lsp.index.messages import (
    Changed,
    Check,
    Command,
    Done,
    Focus,
    Phase,
    Progress,
    Rebuild,
    Report,
    Rescan,
)
from sc2_lsp.index.parsed import Parsed
from sc2_lsp.index.place import Place, sweep
from sc2_lsp.index.pool import Pool
from sc2_lsp.index.priority import Urgency, at_most
from sc2_lsp.index.reading import read_file
from sc2_lsp.index.scan import Scan
from sc2_lsp.index.schema import is_sound
from sc2_lsp.index.scope import MARKS
from sc2_lsp.index.stillness import Stillness
from sc2_lsp.index.store import Store, open_store
from sc2_lsp.index.todo import BATCH_FILES, Todo, Wanted
from sc2_lsp.index.walk import Found, walk
from sc2_lsp.index.worker import BATCH_TIME_S
from sc2_lsp.index.worker import Setup as WorkerSetup
from sc2_lsp.syntax import get_ready

_PROGRESS_EVERY_S = 0.1
_COMMIT_EVERY_S = 0.5
_SCAN_STEP = 1000
_FEW_FILES = 16
_MANY_FILES = 256
# While a commit lasts, workers go on with what they were given.
_BATCHES_PER_WORKER = 4
_MOST_REPAIRS = 3

_log = logging.getLogger(__name__)


class Setup(msgspec.Struct, frozen=True):
    """What is kept, and how.

    `is_careful` has every file parsed by a worker, which may die of it in this process's place.
    `is_awaited` says that somebody waits for it, so that it takes its share of the machine.
    """

    root: str
    folder: str
    limits: Limits
    n_workers: int
    is_careful: bool = False
    is_awaited: bool = False


class LockTaken(msgspec.Struct, frozen=True):
    """Nobody else keeps this index any more."""


class GoOn(msgspec.Struct, frozen=True):
    """There is more to scan."""


class Tidy(msgspec.Struct, frozen=True):
    """There is time to make the index quicker to ask."""


class Batch(msgspec.Struct, frozen=True):
    """What workers found of the files of a batch."""

    number: int
    files: list[Parsed]


Event = Command | LockTaken | GoOn | Tidy | Batch


class Keeper:
    """Owns the store and everything that is under way.

    `post` brings an event back to `handle`, from any thread; `report` tells who started this.
    """

    def __init__(
        self,
        setup: Setup,
        place: Place,
        post: Callable[[Event], None],
        report: Callable[[Report], None],
    ) -> None:
        self._setup = setup
        self._place = place
        self._post = post
        self._report = report
        self._may_write = False
        self._store: Store | None = None
        self._scan: Scan | None = None
        self._skipped: dict[str, int] | None = None
        self._stillness = Stillness(Path(setup.folder))
        self._todo = Todo()
        self._pool: Pool | None = None
        self._n_batches = 0
        self._flying: set[int] = set()
        self._outdated: dict[str, int] = {}
        self._n_done = 0
        self._n_total = 0
        self._n_repairs = 0
        self._to_be_told: list[int] = []
        self._scan_again = False
        self._committed_s = 0.0
        self._reported_s = 0.0
        self._is_ready = False

    def handle(self, event: Event) -> None:
        """Do what an event asks for, as far as it takes no time."""
        try:
            self._handle(event)
            self._go_on()
        except sqlite3.OperationalError as error:
            self._give_up(str(error))
        except sqlite3.DatabaseError as error:
            self._repair(error)

    def close(self) -> None:
        """Keep what was done so far."""
        if self._pool is not None:
            self._pool.kill()
        if self._store is not None:
            with suppress(sqlite3.Error):
                self._store.commit()
        self._close_store()
        self._stillness.close()

    def _handle(self, event: Event) -> None:
        if isinstance(event, (GoOn, Tidy, Batch)) and not self._setup.is_awaited:
            self._stillness.keep()
        if isinstance(event, Focus):
            self._todo.focus(event.paths)
        elif isinstance(event, LockTaken):
            self._may_write = True
            self._open()
            sweep(self._place.database.parent, self._place)
        elif isinstance(event, (Rescan, Rebuild)) and self._may_write and self._store is None:
            self._to_be_told.append(event.id)
            self._open()
        elif self._store is None:
            if not isinstance(event, (GoOn, Tidy, Batch)):
                self._report(Done(event.id))
        elif isinstance(event, GoOn):
            self._step(self._store)
        elif isinstance(event, Tidy):
            if self._is_ready and self._store.merge():
                self._post(Tidy())
        elif isinstance(event, Batch):
            self._take(self._store, event)
        elif isinstance(event, Changed):
            self._look_at(self._store, event)
        else:
            self._to_be_told.append(event.id)
            if isinstance(event, Rebuild):
                self._start_anew(self._store)
            elif isinstance(event, Rescan):
                self._start_scan(self._store)
            elif isinstance(event, Check) and not self._is_sound(self._store):
                raise sqlite3.DatabaseError("it was found to be damaged")

    def _open(self) -> None:
        self._store = open_store(self._place, fingerprint())
        self._start_scan(self._store)

    def _is_sound(self, store: Store) -> bool:
        store.commit()
        return is_sound(self._place.database)

    def _start_anew(self, store: Store) -> None:
        self._forget_work()
        store.clear()
        self._start_scan(store)

    def _start_scan(self, store: Store) -> None:
        if self._scan is not None:
            self._scan_again = True
            return
        if not Path(self._setup.root).is_dir():
            raise sqlite3.OperationalError(f"{self._setup.root} is not there")
        store.commit()
        self._scan = Scan(self._setup.root, store.known(), self._setup.limits)
        self._post(GoOn())

    def _step(self, store: Store) -> None:
        """Look at some more of the files, and at the end of them compare."""
        if self._scan is None:
            return
        if self._scan.step(_SCAN_STEP):
            if len(self._scan.wanted) > _MANY_FILES:
                # Its processes take as long to start as thousands of files take to be found.
                self._pool = self._pool or self._start_pool(len(self._scan.wanted))
            self._post(GoOn())
            self._tell_progress(Progress(Phase.SCANNING, self._scan.n_found))
            return
        scan, self._scan = self._scan, None
        store.remove(scan.gone())
        store.commit()
        self._skipped = dict(scan.skipped)
        self._n_total = scan.n_found
        self._n_done = scan.n_found - len(scan.wanted)
        self._todo.clear()
        self._todo.add(scan.wanted)
        if self._scan_again:
            self._scan_again = False
            self._start_scan(store)

    def _look_at(self, store: Store, event: Changed) -> None:
        """Bring single files up to date, at once where they are few."""
        if any(map(_is_about_rules, event.paths)):
            self._to_be_told.append(event.id)
            self._start_scan(store)
            return
        root, limits = self._setup.root, self._setup.limits
        found = [
            entry
            for path in event.paths
            for entry in walk(root, below=path, limits=limits)
            if isinstance(entry, Found)
        ]
        there = {entry.path for entry in found}
        store.remove([p for p in store.at_or_below(event.paths) if p not in there])
        self._outdated.update(dict.fromkeys((*event.paths, *there), self._n_batches))
        if self._scan is not None:
            self._scan.keep(there)
        wanted = [Wanted(entry.path, entry.size, entry.mtime_ns) for entry in found]
        if len(wanted) <= _FEW_FILES and not self._setup.is_careful:
            self._read(store, [one.path for one in wanted])
            store.commit()
            self._report(Done(event.id))
            return
        self._n_total += len(wanted)
        self._todo.add(wanted)
        self._to_be_told.append(event.id)

    def _read(self, store: Store, paths: list[str]) -> None:
        """Read files in this process."""
        for path in paths:
            with at_most(BATCH_TIME_S):
                parsed = read_file(self._setup.root, path, self._setup.limits, store.knows)
            store.put([parsed])

    def _take(self, store: Store, batch: Batch) -> None:
        if batch.number not in self._flying:
            return  # What it was read for was given up.
        self._flying.discard(batch.number)
        current = [f for f in batch.files if self._outdated.get(f.path, -1) < batch.number]
        missing = store.put(current)
        self._todo.add(Wanted(path, 0, 0) for path in missing)
        self._n_done = min(self._n_done + len(batch.files) - len(missing), self._n_total)
        if time.monotonic() - self._committed_s > _COMMIT_EVERY_S:
            store.commit()
            self._committed_s = time.monotonic()
        self._tell_progress(Progress(Phase.INDEXING, self._n_done, self._n_total))

    def _go_on(self) -> None:
        """Have workers read what is left; where nothing is, come to rest."""
        store = self._store
        if store is None:
            return
        if len(self._todo) <= _FEW_FILES and not (self._flying or self._setup.is_careful):
            self._read(store, self._todo.take())
        if len(self._todo):
            self._pool = self._pool or self._start_pool(len(self._todo))
            while len(self._flying) < _BATCHES_PER_WORKER * self._pool.n_workers:
                paths = self._todo.take()
                if not paths:
                    break
                self._n_batches += 1
                self._flying.add(self._n_batches)
                self._pool.submit(self._n_batches, paths)
        if not (self._flying or len(self._todo) or self._scan):
            self._rest(store)

    def _rest(self, store: Store) -> None:
        store.commit()
        self._outdated.clear()
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        if self._skipped is not None:
            store.finish_scan(time.time(), self._skipped)
            self._skipped = None
            if store.is_scattered():
                self._post(Tidy())
        if not self._is_ready:
            self._is_ready = True
            self._report(Progress(Phase.READY, self._n_total, self._n_total))
            get_ready()  # For the first file that is saved.
        self._tell_done()

    def _give_up(self, why: str) -> None:
        """Leave the index as it was committed; the next wish to scan tries again."""
        _log.warning("the index of %s is not kept: %s", self._setup.root, why)
        self._forget_work()
        self._close_store()
        self._is_ready = False
        self._report(Progress(Phase.STOPPED, message=f"The index cannot be kept: {why}."))
        self._tell_done()

    def _repair(self, error: sqlite3.DatabaseError) -> None:
        """Set a damaged database aside and begin anew."""
        self._n_repairs += 1
        if self._n_repairs > _MOST_REPAIRS:
            self._give_up(f"it is damaged again and again ({error})")
            return
        _log.warning("the index of %s is rebuilt: %s", self._setup.root, error)
        self._forget_work()
        self._close_store()
        self._place.set_aside()
        try:
            self._open()
        except sqlite3.Error as again:
            self._give_up(str(again))

    def _forget_work(self) -> None:
        self._scan = None
        self._scan_again = False
        self._skipped = None
        self._todo.clear()
        self._flying.clear()
        self._outdated.clear()

    def _close_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            with suppress(sqlite3.Error):
                store.close()

    def _start_pool(self, n_files: int) -> Pool:
        setup = WorkerSetup(
            self._setup.root,
            self._setup.limits,
            str(self._place.database),
            Urgency.NORMAL if self._setup.is_awaited else Urgency.IDLE,
            None if self._setup.is_awaited else self._setup.folder,
        )
        n_workers = min(self._setup.n_workers, 1 + n_files // BATCH_FILES)
        return Pool(setup, n_workers, lambda *result: self._post(Batch(*result)))

    def _tell_progress(self, progress: Progress) -> None:
        if time.monotonic() - self._reported_s > _PROGRESS_EVERY_S:
            self._reported_s = time.monotonic()
            self._is_ready = False
            self._report(progress)

    def _tell_done(self) -> None:
        told, self._to_be_told = self._to_be_told, []
        for id in told:
            self._report(Done(id))


def _is_about_rules(path: str) -> bool:
    """Whether a change of this file changes which others belong into the index."""
    names = path.split("/")
    return names[-1] in MARKS or (names[-2:] == ["info", "exclude"] and ".git" in names)
