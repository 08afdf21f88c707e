"""The index of one root as a server uses it: an indexer process beside it, and a reader in it.

Everything here belongs to one event loop, but for `reader`, which any thread may ask. An indexer
that dies is started again, after a while that grows; what is known stays known meanwhile.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sc2_lsp.index.keeper import Setup
from sc2_lsp.index.launch import indexer_command
from sc2_lsp.index.limits import Limits, Reason
from sc2_lsp.index.messages import (
    Changed,
    Check,
    Command,
    Focus,
    Phase,
    Progress,
    Rebuild,
    Rescan,
    Settle,
    decode_report,
    encode,
)
from sc2_lsp.index.place import place_of
from sc2_lsp.index.reader import Reader
from sc2_lsp.index.summary import Summary, summary_of
from sc2_lsp.index.walk import reason_against
from sc2_lsp.launching import ROOT_FOLDER, environment_of_children
from sc2_lsp.secrets import is_secret_file

REFRESH_AFTER_S = 0.2
"""How long an open file is left alone after a change before it is parsed."""

LINE_AFTER_S = 1.0
"""The same where what differs is in one line, as while somebody types."""

_RESTART_AFTER_S = (0.0, 2.0, 10.0, 60.0, 300.0)
_EXIT_GRACE_S = 2.0
_MOST_LINE_BYTES = 1 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """`n_workers` = 0 means as many processes as there are cores, up to four. `folder` is where
    indexes are kept, None for the user's cache. An index that `is_awaited` gives way to nobody.
    """

    limits: Limits = Limits()  # noqa: RUF009  frozen
    n_workers: int = 0
    folder: Path | None = None
    is_awaited: bool = False


class Index:
    """Owns the indexer process of `root`. `on_progress` is called on the event loop."""

    def __init__(
        self,
        root: str,
        options: IndexOptions | None = None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self._options = options or IndexOptions()
        self._place = place_of(root, self._options.folder)
        self._on_progress = on_progress
        self._loop: asyncio.AbstractEventLoop | None = None
        self._child: asyncio.subprocess.Process | None = None
        self._living: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._ids = itertools.count(1)
        self._unsent: list[Command] = []
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._is_closed = False
        self.progress = Progress(Phase.STOPPED)
        self.reader = Reader(self._place, self._damage_found)

    def start(self) -> None:
        """Begin to bring the index up to date, in the background; once."""
        self._loop = asyncio.get_running_loop()
        self._living = asyncio.ensure_future(self._live())

    def changed(self, paths: Iterable[str]) -> asyncio.Future[None]:
        """These files or folders may have changed, paths relative to the root.

        The future is done when the reader sees it, or nobody is there to bring it about.
        """
        return self._tell(lambda id: Changed(id, sorted(paths)))

    def settled(self) -> asyncio.Future[None]:
        """Done when all that is known to have changed is indexed."""
        return self._tell(Settle)

    def rescan(self) -> asyncio.Future[None]:
        """Anything may have changed; done when all of it is indexed."""
        return self._tell(Rescan)

    def rebuild(self) -> asyncio.Future[None]:
        """Index from nothing; done when all of it is indexed."""
        return self._tell(Rebuild)

    def focus(self, paths: Iterable[str]) -> None:
        """Index what lies beside these files first."""
        self._send(Focus(sorted(paths)))

    def hold(self, path: str, content: str) -> None:
        """The editor shows a file with this content, which counts instead of the disk's.

        It is parsed a moment later. Files that do not belong into an index are not held.
        """
        if not self.reader.overlay.is_held(path) and not self.belongs(path):
            return
        self.reader.overlay.put(path, content)
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.ensure_future(self._refresh())
        self._await_rest()

    def release(self, path: str) -> None:
        """The editor closed a file."""
        self.reader.overlay.remove(path)

    async def refreshed(self) -> None:
        """Wait until all open files are seen as they are now, but for single lines."""
        if self._refreshing is not None:
            await asyncio.wait({self._refreshing})

    def summary(self) -> Summary:
        """What is in the index by now; takes milliseconds, raises nothing."""
        return summary_of(self._place)

    async def close(self) -> None:
        """End the indexer; what it did so far is kept."""
        self._is_closed = True
        if self._rest is not None:
            self._rest.cancel()
        for task in (self._living, self._refreshing):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self._release_waiting()
        self.reader.close()

    def belongs(self, path: str) -> bool:
        """Whether an open file is to be held, as far as its name and the rules tell."""
        reason = reason_against(str(self._place.root), path, limits=self._options.limits)
        # What is not on the disk yet, or has nothing in it there, may be in the editor.
        is_secret = is_secret_file(f"{self._place.root}/{path}")
        return reason in (None, Reason.GONE, Reason.EMPTY) and not is_secret

    async def _refresh(self) -> None:
        while self.reader.overlay.is_stale():
            await asyncio.sleep(REFRESH_AFTER_S)
            await asyncio.to_thread(self.reader.overlay.refresh)

    def _await_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        loop = asyncio.get_running_loop()
        self._rest = loop.call_later(LINE_AFTER_S, self._refresh_lines)

    def _refresh_lines(self) -> None:
        """See what was typed last, so that others are not shown what stood there before."""
        if self._refreshing is not None and not self._refreshing.done():
            self._await_rest()
        elif self.reader.overlay.is_stale(to_the_letter=True):
            refreshing = asyncio.to_thread(self.reader.overlay.refresh, to_the_letter=True)
            self._refreshing = asyncio.ensure_future(refreshing)

    async def _live(self) -> None:
        """Keep an indexer alive; one that dies again and again is left alone at last."""
        if not is_text(str(self._place.root)):
            # Neither a message nor a prompt could name it.
            self._release_waiting()
            self._show(Progress(Phase.STOPPED, message="Its name is not UTF-8; it is not indexed."))
            return
        for n_deaths, pause_s in enumerate(_RESTART_AFTER_S):
            await asyncio.sleep(pause_s)
            last_words = await self._run_once(is_careful=n_deaths > 0)
            _log.warning("the indexer of %s ended: %s", self._place.root, last_words)
            self._release_waiting()
        self._show(Progress(Phase.STOPPED, message="The indexer ended again and again."))

    async def _run_once(self, *, is_careful: bool) -> str:
        """Run an indexer to its end, and answer what it said last."""
        try:
            child = self._child = await asyncio.create_subprocess_exec(
                *indexer_command(msgspec.json.encode(self._setup(is_careful)).decode()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=ROOT_FOLDER,
                env=environment_of_children(os.environ),
                limit=_MOST_LINE_BYTES,
                # Linux compares priorities within a session first, and the engine has its own.
                start_new_session=True,
            )
        except OSError as error:
            return str(error)
        unsent, self._unsent = self._unsent, []
        for command in unsent:
            self._send(command)
        listening = asyncio.ensure_future(_last_line(child))
        try:
            await self._read_reports(child)
            await child.wait()
            return await listening
        finally:
            self._child = None
            await _end(child)
            listening.cancel()

    async def _read_reports(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        with suppress(OSError, ValueError):
            while line := await child.stdout.readline():
                report = decode_report(line)
                if isinstance(report, Progress):
                    self._show(report)
                elif (waiting := self._waiting.pop(report.id, None)) and not waiting.done():
                    waiting.set_result(None)

    def _setup(self, is_careful: bool) -> Setup:
        return Setup(
            root=str(self._place.root),
            folder=str(self._place.database.parent),
            limits=self._options.limits,
            n_workers=self._options.n_workers or min(4, os.cpu_count() or 1),
            is_careful=is_careful,
            is_awaited=self._options.is_awaited,
        )

    def _show(self, progress: Progress) -> None:
        self.progress = progress
        self._on_progress(progress)

    def _tell(self, command: Callable[[int], Command]) -> asyncio.Future[None]:
        id = next(self._ids)
        done = self._waiting[id] = asyncio.get_running_loop().create_future()
        self._send(command(id))
        if self._living is None or self._living.done():
            self._release_waiting()
        return done

    def _send(self, command: Command) -> None:
        """Give the command to the indexer, or to the next one."""
        if self._child is None:
            self._unsent.append(command)
        elif self._child.stdin is not None and not self._child.stdin.is_closing():
            self._child.stdin.write(encode(command))

    def _damage_found(self) -> None:
        if self._loop is not None and not self._is_closed:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell, Check)

    def _release_waiting(self) -> None:
        self._unsent.clear()
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_result(None)


def is_text(path: str) -> bool:
    """Whether a path that the system told is UTF-8 there."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


async def _last_line(child: asyncio.subprocess.Process) -> str:
    """Keep the pipe empty, and remember what the process said last."""
    assert child.stderr is not None
    last = ""
    with suppress(OSError, ValueError):
        while line := await child.stderr.readline():
            last = line.decode("utf-8", "replace").rstrip()
            _log.debug("indexer: %s", last)
    return last or f"exit code {child.returncode}"


async def _end(child: asyncio.subprocess.Process) -> None:
    """Close its input, which ends it, and do not wait for long."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        await asyncio.wait_for(asyncio.shield(child.wait()), _EXIT_GRACE_S)
    except asyncio.TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
