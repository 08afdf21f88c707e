from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from sc2_lsp.engine.machine import default_threads, memory, threads_for

GIB = 1 << 30
TOTAL = psutil.virtual_memory().total
ALLOWED = set(range(8))


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_without_a_container_the_memory_is_the_machines(tmp_path: Path) -> None:
    assert memory(tmp_path).total == TOTAL
    assert 0 < memory(tmp_path).available <= TOTAL


def test_a_container_has_what_its_group_allows(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/memory.max": str(GIB),
        "sys/fs/cgroup/memory.current": str(GIB * 3 // 4),
        "sys/fs/cgroup/memory.stat": f"anon 5\nactive_file {GIB // 8}\ninactive_file {GIB // 8}",
    }
    here = memory(tree(tmp_path, files))
    assert here.total == GIB
    assert here.available == min(GIB // 2, psutil.virtual_memory().available)


def test_groups_of_version_1_count_too(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "4:memory:/docker/abc\n3:cpuset:/",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": str(GIB),
        "sys/fs/cgroup/memory/memory.usage_in_bytes": str(GIB // 4),
    }
    here = memory(tree(tmp_path, files))
    assert (here.total, here.available) == (GIB, GIB * 3 // 4)


def test_the_narrowest_of_nested_groups_counts(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/user.slice/editor.scope",
        "sys/fs/cgroup/user.slice/memory.max": str(GIB),
        "sys/fs/cgroup/user.slice/editor.scope/memory.max": str(2 * GIB),
    }
    assert memory(tree(tmp_path, files)).total == GIB


@pytest.mark.parametrize("limit", ["max", "9223372036854771712"])
def test_a_group_without_a_limit_changes_nothing(tmp_path: Path, limit: str) -> None:
    files = {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": limit}
    assert memory(tree(tmp_path, files)).total == TOTAL


def test_a_group_without_swap_leaves_none_to_count_on(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/memory.max": str(GIB),
        "sys/fs/cgroup/memory.swap.max": "0",
    }
    assert memory(tree(tmp_path, files)).swap_free in (0, None)


def cores(count: int, threads: int) -> dict[str, str]:
    """A processor's description: `count` cores of `threads` logical processors each."""
    folder = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    return {
        folder.format(core * threads + thread): f"{core * threads}-{core * threads + threads - 1}"
        for core in range(count)
        for thread in range(threads)
    }


def test_threads_of_one_core_count_once(tmp_path: Path) -> None:
    assert threads_for(ALLOWED, tree(tmp_path, cores(8, 2))) == 4


def test_slow_cores_do_not_count_beside_fast_ones(tmp_path: Path) -> None:
    files = cores(8, 1) | {"sys/devices/cpu_core/cpus": "0-1,3"}
    assert threads_for(ALLOWED, tree(tmp_path, files)) == 3


def test_a_process_confined_to_slow_cores_uses_them(tmp_path: Path) -> None:
    files = cores(8, 1) | {"sys/devices/cpu_core/cpus": "16-23"}
    assert threads_for(ALLOWED, tree(tmp_path, files)) == 8


@pytest.mark.parametrize(
    ("quota", "threads"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 8)]
)
def test_a_containers_share_of_time_bounds_the_threads(
    tmp_path: Path, quota: str, threads: int
) -> None:
    files = cores(8, 1) | {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": quota}
    assert threads_for(ALLOWED, tree(tmp_path, files)) == threads


@pytest.mark.parametrize(("quota", "threads"), [("300000", 3), ("-1", 8)])
def test_a_share_of_version_1_bounds_them_too(tmp_path: Path, quota: str, threads: int) -> None:
    files = cores(8, 1) | {
        "proc/self/cgroup": "2:cpu,cpuacct:/",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": quota,
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    }
    assert threads_for(ALLOWED, tree(tmp_path, files)) == threads


@pytest.mark.parametrize("allowed", [None, {0}, set(range(64))])
def test_a_machine_that_describes_nothing_still_has_a_thread(
    tmp_path: Path, allowed: set[int] | None
) -> None:
    assert 1 <= threads_for(allowed, tmp_path) <= (psutil.cpu_count() or 1)


def test_this_machine_has_at_most_a_thread_for_each_processor() -> None:
    assert 1 <= default_threads() <= (psutil.cpu_count() or 1)


def test_only_where_swap_has_a_size_is_it_known_what_is_left(tmp_path: Path) -> None:
    assert memory(tmp_path, platform="darwin").swap_free is None
    assert memory(tmp_path, platform="linux").swap_free is not None
