"""Puts a process behind all others that want a processor or a disk, and bounds what it does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

# Named in psutil on Windows only.
_WINDOWS_IDLE_CLASS = 0x40
_WINDOWS_VERY_LOW = 0
# Linux lets one process of all users change the share of a session in a tenth of a second.
_MOST_TRIES = 3
_BETWEEN_TRIES_S = 0.11


class Urgency(str, Enum):
    """How much a process minds others. PROMPT ones still answer on a busy machine, IDLE ones run
    only where nobody else wants to."""

    NORMAL = "normal"
    PROMPT = "prompt"
    IDLE = "idle"


def give_way(urgency: Urgency) -> None:
    """Lower this process's priority for good; never fails."""
    if urgency is Urgency.NORMAL:
        return
    import psutil  # Takes its time, and who gives way to nobody has no use for it.

    for lower in (_lower_cpu, _lower_session, _lower_io):
        with suppress(psutil.Error, OSError, AttributeError, ValueError):
            lower(urgency)


@contextmanager
def at_most(time_s: int) -> Iterator[None]:
    """End this process if what is done here takes longer, where the system can do that.

    Nobody else might be there to do it, and a parser that never comes back lets no thread run.
    """
    alarm = getattr(signal, "alarm", None)
    if alarm is None:
        yield
        return
    alarm(time_s)
    try:
        yield
    finally:
        alarm(0)


def _lower_cpu(urgency: Urgency) -> None:
    import psutil

    if psutil.WINDOWS:
        psutil.Process().nice(_WINDOWS_IDLE_CLASS)
        return
    os.nice(19)
    # A scheduling class below every nice value, on Linux only.
    if urgency is Urgency.IDLE and hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _lower_session(_urgency: Urgency) -> None:
    """Linux shares the processors out among sessions before it looks at priorities in each."""
    if os.getsid(0) != os.getpid():
        return
    for _ in range(_MOST_TRIES):
        try:
            Path("/proc/self/autogroup").write_text("19")
            return
        except BlockingIOError:
            time.sleep(_BETWEEN_TRIES_S)


def _lower_io(_urgency: Urgency) -> None:
    import psutil

    if psutil.LINUX:
        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
    elif psutil.WINDOWS:
        psutil.Process().ionice(_WINDOWS_VERY_LOW)
