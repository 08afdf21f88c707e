"""The process that keeps an index: its input, its output, its lock and its end.

It takes commands from its input and reports to its output, and ends when its input does. It may die
at any moment: what was committed stands, and the next start goes on from there.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import msgspec

from sc2_lsp.index.keeper import Event, Keeper, LockTaken, Setup
from sc2_lsp.index.messages import Phase, Progress, Report, decode_command, encode
from sc2_lsp.index.place import Lock, place_of, prepare
from sc2_lsp.index.priority import Urgency, give_way

LOCK_POLL_S = 1.0

_log = logging.getLogger(__name__)
_Inbox = SimpleQueue[Event | None]


def main(arguments: list[str]) -> None:
    """Serve the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the parent.
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    setup = msgspec.json.decode(arguments[0], type=Setup)
    give_way(Urgency.NORMAL if setup.is_awaited else Urgency.PROMPT)
    place = place_of(setup.root, Path(setup.folder))
    inbox: _Inbox = SimpleQueue()
    try:
        prepare(place.database.parent)
        _take_lock(Lock(place.lock), inbox)
    except OSError as error:
        _report(Progress(Phase.STOPPED, message=f"The index cannot be kept: {error}."))
    threading.Thread(target=_listen, args=(inbox,), daemon=True).start()
    keeper = Keeper(setup, place, inbox.put, _report)
    while (event := inbox.get()) is not None:
        keeper.handle(event)
    keeper.close()
    os._exit(0)  # Threads may still wait for workers or for the lock.


def _listen(inbox: _Inbox) -> None:
    for line in sys.stdin.buffer:
        try:
            inbox.put(decode_command(line))
        except msgspec.DecodeError as error:
            _log.warning("a command is not understood: %s", error)
    inbox.put(None)


def _take_lock(lock: Lock, inbox: _Inbox) -> None:
    """Take the lock now, or whenever the process is gone that has it."""
    if lock.try_take():
        inbox.put(LockTaken())
        return
    _report(Progress(Phase.FOLLOWING))
    threading.Thread(target=_wait_for, args=(lock, inbox), daemon=True).start()


def _wait_for(lock: Lock, inbox: _Inbox) -> None:
    # The death of a process that is no child is no event that could be waited for everywhere.
    while not lock.try_take():
        time.sleep(LOCK_POLL_S)
    inbox.put(LockTaken())


def _report(report: Report) -> None:
    try:
        sys.stdout.buffer.write(encode(report))
        sys.stdout.buffer.flush()
    except OSError:
        os._exit(0)  # Nobody listens any more.
