"""Worker processes and the threads that wait for them; the indexer itself waits for nobody."""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

import msgspec

from sc2_lsp.index.launch import worker_command
from sc2_lsp.index.parsed import Parsed
from sc2_lsp.index.worker import BATCH_TIME_S, Setup, decode_parsed, read_frame, write_frame
from sc2_lsp.launching import ROOT_FOLDER

UNPARSABLE = "unparsable"
"""Why a file is left out whose reading ends or blocks a process."""

_log = logging.getLogger(__name__)


class Pool:
    """Owns worker processes.

    `deliver` gets the number and the result of each batch, on a thread of the pool.
    """

    def __init__(
        self,
        setup: Setup,
        n_workers: int,
        deliver: Callable[[int, list[Parsed]], None],
        batch_time_s: float = BATCH_TIME_S,
    ) -> None:
        self._deliver = deliver
        self._jobs: SimpleQueue[tuple[int, Sequence[str]] | None] = SimpleQueue()
        self._workers = [_Worker(setup, batch_time_s) for _ in range(n_workers)]
        for worker in self._workers:
            threading.Thread(target=self._work, args=(worker,), daemon=True).start()

    @property
    def n_workers(self) -> int:
        return len(self._workers)

    def submit(self, number: int, paths: Sequence[str]) -> None:
        """Have these files read and parsed."""
        self._jobs.put((number, paths))

    def close(self) -> None:
        """Let the workers end once they did what they were given; does not wait for it."""
        for _ in self._workers:
            self._jobs.put(None)

    def kill(self) -> None:
        """End the workers at once."""
        for worker in self._workers:
            worker.kill()

    def _work(self, worker: _Worker) -> None:
        try:
            worker.start()
            while (job := self._jobs.get()) is not None:
                number, paths = job
                self._deliver(number, _parse(worker, paths))
        finally:
            worker.end()


def _parse(worker: _Worker, paths: Sequence[str]) -> list[Parsed]:
    """What the worker says; where it dies over them, what it says of each file alone."""
    answer = worker.ask(paths)
    if answer is not None:
        return answer
    if len(paths) > 1:
        return [parsed for path in paths for parsed in _parse(worker, [path])]
    _log.warning("%s is left out of the index: no worker survives it", paths[0])
    return [_unparsable(worker.root, paths[0])]


def _unparsable(root: str, path: str) -> Parsed:
    try:
        status = Path(root, path).stat()
    except OSError:
        return Parsed(path, 0, 0)
    return Parsed(path, status.st_size, status.st_mtime_ns, reason=UNPARSABLE)


class _Worker:
    """Owns one worker process after the other: the next one starts when it is needed."""

    def __init__(self, setup: Setup, batch_time_s: float) -> None:
        self.root = setup.root
        self._command = worker_command(msgspec.json.encode(setup).decode())
        self._batch_time_s = batch_time_s
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """The process, started unless it runs: it takes a while until it can be asked."""
        self._child = self._child or subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT_FOLDER
        )
        return self._child

    def ask(self, paths: Sequence[str]) -> list[Parsed] | None:
        """None where the process died or took too long, and is gone."""
        child = self.start()
        assert child.stdin is not None
        assert child.stdout is not None
        timer = threading.Timer(self._batch_time_s, child.kill)
        timer.start()
        try:
            write_frame(child.stdin, msgspec.msgpack.encode(paths))
            body = read_frame(child.stdout)
            if body is not None:
                return decode_parsed(body)
        except (OSError, ValueError, msgspec.DecodeError) as error:
            _log.debug("a worker of the index failed: %s", error)
        finally:
            timer.cancel()
        self.end()
        return None

    def kill(self) -> None:
        """End the process; the next question starts another. From any thread."""
        if (child := self._child) is not None:
            child.kill()

    def end(self) -> None:
        """End the process and clear up after it."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            # What was not written yet cannot be any more.
            with suppress(OSError), child:
                pass
