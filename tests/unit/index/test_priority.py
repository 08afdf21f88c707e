from __future__ import annotations

import os
import subprocess
import sys

import pytest

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no nice values")

SAY = "import os, psutil; print(os.nice(0), getattr(os, 'sched_getscheduler', lambda pid: -1)(0))"


def run(code: str) -> subprocess.CompletedProcess[str]:
    lines = f"from sc2_lsp.index.priority import *\n{code}"
    return subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, timeout=60)


@posix_only
def test_an_idle_process_minds_all_others_and_a_prompt_one_nearly_all() -> None:
    idle = getattr(os, "SCHED_IDLE", -1)
    assert run(f"give_way(Urgency.IDLE); {SAY}").stdout.split() == ["19", str(idle)]
    other = getattr(os, "SCHED_OTHER", -1)
    assert run(f"give_way(Urgency.PROMPT); {SAY}").stdout.split() == ["19", str(other)]


@posix_only
def test_what_takes_too_long_ends_the_process_and_what_is_quick_does_not() -> None:
    quick = run("import time\nwith at_most(1): pass\ntime.sleep(1.2); print('alive')")
    assert quick.stdout == "alive\n"
    slow = run("with at_most(1):\n    while True: pass")
    assert slow.returncode < 0
