from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, logging, threading
from sc2_lsp.server.logs import log_loop_failure, start_logging
start_logging(logging.{level})

def fail():
    raise ValueError("secret source text")

async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_failure)
    loop.call_soon(fail)
    await asyncio.sleep(0)

asyncio.run(main())
thread = threading.Thread(target=fail)
thread.start()
thread.join()
logging.getLogger("pygls.protocol").error("secret source text")
logging.getLogger("x").warning("two\\nlines \\ud800 %s")
logging.getLogger("x").warning("%d", "no number")
"""


def stderr_of(level: str) -> str:
    command = [sys.executable, "-c", PROGRAM.format(level=level)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == ""
    return done.stderr


def test_failures_are_one_line_each_and_tell_no_source() -> None:
    assert stderr_of("WARNING").splitlines() == [
        "sc2-lsp: ERROR: Failure in the event loop. (ValueError)",
        "sc2-lsp: ERROR: Failure in a thread. (ValueError)",
        "sc2-lsp: WARNING: two lines \\ud800 %s",
        "sc2-lsp: ERROR: A log record could not be formatted.",
    ]


@pytest.mark.parametrize("level", ["DEBUG"])
def test_developers_get_tracebacks(level: str) -> None:
    assert "Traceback" in stderr_of(level)
