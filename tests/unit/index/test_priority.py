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


def test_a_session_of_its_own_minds_other_sessions() -> None:
    show = "print(open('/proc/self/autogroup').read().split()[-1])"
    by_hand = f"os.setsid(); open('/proc/self/autogroup', 'w').write('19'); {show}"
    if run(by_hand).stdout.split() != ["19"]:
        pytest.skip("this system does not share processors out among sessions, or keeps the shares")
    assert run(f"os.setsid(); give_way(Urgency.PROMPT); {show}").stdout.split() == ["19"]
    # One that is of somebody else's session does not lower all of it. Its session is made here: the
    # one of these tests may be the system's first, of which nothing can be read.
    child = "if os.fork() == 0:\n    give_way(Urgency.PROMPT)\n    os._exit(0)\nos.wait()"
    assert run(f"os.setsid()\n{child}\n{show}").stdout.split() == ["0"]


@posix_only
def test_what_takes_too_long_ends_the_process_and_what_is_quick_does_not() -> None:
    quick = run("import time\nwith at_most(1): pass\ntime.sleep(1.2); print('alive')")
    assert quick.stdout == "alive\n"
    slow = run("with at_most(1):\n    while True: pass")
    assert slow.returncode < 0
