"""What this process may use of the machine: memory and cores, limits of containers included.

Reads the operating system and decides nothing. GPUs are not its business: only llama.cpp knows
which of them it can use.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

_ROOT = Path("/")
_SYSCTL_TIMEOUT_S = 2
# Version 1 of cgroups writes "no limit" as a number of pages that no machine has.
_NO_LIMIT_BYTES = 1 << 60


@dataclass(frozen=True, slots=True)
class Memory:
    """Main memory in bytes, as a container sees it that this process runs in.

    `available` is what can be had without pushing anything out to swap. `swap_free` is None where
    swap grows on demand, so that no figure says what is left of it.
    """

    total: int
    available: int
    swap_free: int | None


def memory(root: Path = _ROOT, platform: str = sys.platform) -> Memory:
    """The machine's memory, or less where a cgroup allows less."""
    whole = psutil.virtual_memory()
    swap_free = psutil.swap_memory().free if platform == "linux" else None
    here = Memory(whole.total, whole.available, swap_free)
    for group in _cgroups(root, "memory"):
        here = _within(here, group)
    return here


def default_threads() -> int:
    """As many threads as evaluation gains from: one for each physical core it may use.

    Of processors with fast and slow cores only the fast ones count, since every operation waits
    for its last thread, and of a container only its share of processor time.
    """
    return threads_for(_allowed_cpus(), _ROOT)


def threads_for(allowed: set[int] | None, root: Path) -> int:
    """The same for a process that may run on the logical processors `allowed`, None for any."""
    limits = [share for group in _cgroups(root, "cpu") if (share := _cpu_share(group)) is not None]
    return max(1, int(min([_fast_cores(allowed, root), *limits])))


def _allowed_cpus() -> set[int] | None:
    """The logical processors that the process may run on; None on macOS, which cannot tell."""
    process = psutil.Process()
    return set(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else None


def _fast_cores(allowed: set[int] | None, root: Path) -> int:
    """Physical cores among the allowed ones; of two kinds of cores only the fast kind."""
    physical = psutil.cpu_count(logical=False) or 1
    if allowed is None:
        return _sysctl_number("hw.perflevel0.physicalcpu") or physical
    devices = root / "sys/devices"
    fast = allowed & _cpu_list(_line(devices / "cpu_core/cpus"))
    cores = _count_cores(fast or allowed, devices / "system/cpu")
    return min(physical, len(allowed)) if cores is None else cores


def _count_cores(cpus: Iterable[int], folder: Path) -> int | None:
    """How many physical cores the logical `cpus` belong to; those that share one name the same."""
    siblings = {_line(folder / f"cpu{cpu}/topology/thread_siblings_list") for cpu in cpus}
    return None if None in siblings else len(siblings)


def _cpu_list(text: str | None) -> set[int]:
    """The numbers in a list such as `0-7,16`."""
    cpus: set[int] = set()
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first.isdigit():
            cpus.update(range(int(first), int(last or first) + 1))
    return cpus


def _sysctl_number(name: str) -> int | None:
    try:
        answer = subprocess.run(
            ["/usr/sbin/sysctl", "-n", name],
            capture_output=True,
            text=True,
            timeout=_SYSCTL_TIMEOUT_S,
            check=True,
        ).stdout
        return int(answer)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _within(outer: Memory, group: Path) -> Memory:
    """What is left of `outer` inside a cgroup of either version."""
    limit = _number(group / "memory.max") or _number(group / "memory.limit_in_bytes")
    if limit is None or limit >= min(outer.total, _NO_LIMIT_BYTES):
        return outer
    used = _number(group / "memory.current") or _number(group / "memory.usage_in_bytes") or 0
    # Pages of files count as used, and yet are given up as soon as something else needs the room.
    unused = limit - used + _file_pages(group)
    swap_free = outer.swap_free
    swap_limit = _number(group / "memory.swap.max")
    if swap_free is not None and swap_limit is not None:
        swap_used = _number(group / "memory.swap.current") or 0
        swap_free = min(swap_free, max(0, swap_limit - swap_used))
    return Memory(limit, max(0, min(outer.available, unused, limit)), swap_free)


def _file_pages(group: Path) -> int:
    n_bytes = 0
    for line in _lines(group / "memory.stat"):
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "active_file") and value.isdigit():
            n_bytes += int(value)
    return n_bytes


def _cpu_share(group: Path) -> float | None:
    """How many cores' time a cgroup gives; None where it sets no limit."""
    quota, _, period = (_line(group / "cpu.max") or "").partition(" ")
    if not quota:
        quota = _line(group / "cpu.cfs_quota_us") or ""
        period = _line(group / "cpu.cfs_period_us") or ""
    if not (quota.isdigit() and period.isdigit() and int(period)):
        return None
    return int(quota) / int(period)


def _cgroups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the process's cgroup and of all around it, for one controller.

    A container may see its own group as the root of the mount while /proc names the path outside;
    folders that are not there simply hold no limits.
    """
    mount = root / "sys/fs/cgroup"
    for line in _lines(root / "proc/self/cgroup"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            top = mount
        elif controller in controllers.split(","):
            top = mount / controller
        else:
            continue
        folder = top / path.lstrip("/")
        while True:
            yield folder
            if folder == top or folder.parent == folder:
                break
            folder = folder.parent


def _number(path: Path) -> int | None:
    line = _line(path)
    return int(line) if line is not None and line.isdigit() else None


def _line(path: Path) -> str | None:
    lines = _lines(path)
    return lines[0] if lines else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii", "replace").splitlines()
    except OSError:
        return []
