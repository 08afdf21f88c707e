"""Which generation comes next: the queue between the thread that reads and the one that evaluates.

Answers nobody and evaluates nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sc2_lsp.domain import Priority
from sc2_lsp.engine import protocol
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.generation import Job


class Asker(Protocol):
    """Somebody who sends requests. Compared by identity."""

    def send(self, reply: protocol.Reply) -> None:
        """Take a reply, from any thread."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """A job and the one who asked for it; the ids of jobs are unique for one asker alone."""

    asker: Asker
    job: Job


class JobQueue:
    """Owns the waiting jobs and knows the running one. Any thread may call any method.

    The foreground goes before the background; within each, the active asker, which is the one that
    last asked for something of the foreground, goes before others, and the older before the newer.
    """

    def __init__(self, abort: AbortFlag) -> None:
        self._abort = abort
        self._changed = threading.Condition()
        self._waiting: list[Ticket] = []
        self._running: Ticket | None = None
        self._active: Asker | None = None
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    @property
    def is_wanted(self) -> bool:
        """Whether there is something to do, or to end."""
        return bool(self._waiting) or self._is_closed

    def put(self, ticket: Ticket) -> None:
        """Add a job. One of the foreground ends a running one of the background."""
        with self._changed:
            self._waiting.append(ticket)
            if not _is_background(ticket):
                self._active = ticket.asker
                running = self._running
                if running is not None and _is_background(running):
                    running.job.preempted = True
                    self._abort.stop(running.job)
            self._changed.notify()

    def take(self, timeout_s: float | None) -> Ticket | None:
        """Wait for the next job, which runs until `done`; None at a timeout or once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed, timeout_s)
            if self._is_closed or not self._waiting:
                return None
            self._running = min(self._waiting, key=self._rank)
            self._waiting.remove(self._running)
            return self._running

    def done(self) -> None:
        """The running job has ended."""
        with self._changed:
            self._running = None

    def cancel(self, asker: Asker, job_id: int) -> list[Ticket]:
        """Stop this job if it runs; if it still waits it leaves the queue and is given back."""
        return self._withdraw(lambda ticket: ticket.asker is asker and ticket.job.id == job_id)

    def drop(self, asker: Asker) -> None:
        """Stop and forget all jobs of an asker that has gone."""
        self._withdraw(lambda ticket: ticket.asker is asker)
        with self._changed:
            if self._active is asker:
                self._active = None

    def close(self) -> None:
        """Stop and forget everything; `take` waits for nothing any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._withdraw(lambda _: True)

    def _rank(self, ticket: Ticket) -> tuple[bool, bool]:
        """Smallest first; among equals `min` takes the oldest."""
        return _is_background(ticket), ticket.asker is not self._active

    def _withdraw(self, is_meant: Callable[[Ticket], bool]) -> list[Ticket]:
        with self._changed:
            if self._running is not None and is_meant(self._running):
                self._running.job.cancelled = True
                self._abort.stop(self._running.job)
            withdrawn = [ticket for ticket in self._waiting if is_meant(ticket)]
            self._waiting = [ticket for ticket in self._waiting if not is_meant(ticket)]
            return withdrawn


def _is_background(ticket: Ticket) -> bool:
    return ticket.job.request.priority is Priority.BACKGROUND
