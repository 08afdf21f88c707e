"""Puts a process behind all others that want a processor or a disk, and bounds what it does."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

# Named in psutil on Windows only.
_WINDOWS_IDLE_CLASS = 0x40
_WINDOWS_VERY_LOW = 0


def yield_to_all() -> None:
    """Take the lowest priority that the operating system has, for good; never fails."""
    with suppress(psutil.Error, OSError, AttributeError, ValueError):
        _lower_cpu()
    with suppress(psutil.Error, OSError, AttributeError, ValueError):
        _lower_io()


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


def _lower_cpu() -> None:
    if psutil.WINDOWS:
        psutil.Process().nice(_WINDOWS_IDLE_CLASS)
        return
    os.nice(19)
    # A scheduling class below every nice value, on Linux only.
    policy = getattr(os, "SCHED_IDLE", None)
    if policy is not None:
        os.sched_setscheduler(0, policy, os.sched_param(0))


def _lower_io() -> None:
    if psutil.LINUX:
        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
    elif psutil.WINDOWS:
        psutil.Process().ionice(_WINDOWS_VERY_LOW)
