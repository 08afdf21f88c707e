"""Runs one job of llama.cpp in a process of its own.

A crash, an abort or a lack of memory there is one sentence here. The child ends with its parent,
however that ends: it holds the other end of a pipe (see `quantize.worker`). What it says comes as
lines of JSON; llama.cpp's own chatter goes to a temporary file, whose last line explains a crash.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from quantize.failures import BadInput, NoRoom, QuantizeError

_FAILURES = {kind.__name__: kind for kind in (QuantizeError, BadInput, NoRoom)}
_PACKAGE_PARENT = str(Path(__file__).resolve().parent.parent)
# `-c` would put the current folder first on the module path, and a `numpy.py` there would be run.
# The package's own folder comes last: it counts only where the package is not installed.
_RUN = (
    "import sys; sys.path[:] = [*filter(None, sys.path), sys.argv.pop(1)]; "
    "from quantize.worker import main; main()"
)
# Threads of GNU OpenMP wait for each other by spinning, which on busy cores costs most of the time
# (docs/adr/0003). A user's own choice stands.
_WAIT_VARIABLES = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
_SPIN_COUNT = "3000"
_PATIENCE_S = 5.0

Event = Mapping[str, Any]


def _nothing(_: Event) -> None:
    pass


def run_job(
    name: str, options: Mapping[str, object], tell: Callable[[Event], None] = _nothing
) -> dict[str, Any]:
    """The result of job `name` of `quantize.jobs`; `tell` gets what it reports on its way.

    Raises the QuantizeError that the job raised, or one that says how the process ended.
    """
    with tempfile.TemporaryFile() as chatter:
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN, _PACKAGE_PARENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=chatter,
            env=_environment(os.environ),
        )
        assert process.stdin is not None
        assert process.stdout is not None
        result: dict[str, Any] | None = None
        try:
            request = json.dumps({"job": name, "options": options})
            process.stdin.write(request.encode() + b"\n")
            process.stdin.flush()
            for event in _events(process.stdout):
                if event["event"] == "failure":
                    raise _FAILURES[event["kind"]](event["message"])
                if event["event"] == "result":
                    result = event["value"]
                else:
                    tell(event)
        except BrokenPipeError:
            pass  # it ended before it read its job: how, is said below
        finally:
            _end(process)
        if result is None:
            raise QuantizeError(_how_it_ended(name, process.returncode, chatter))
        return result


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    # Where llama.cpp aborts, it would call a debugger and hide what it complained of.
    theirs = {**ours, "GGML_NO_BACKTRACE": "1"}
    if not _WAIT_VARIABLES & ours.keys():
        theirs["GOMP_SPINCOUNT"] = _SPIN_COUNT
    return theirs


def _events(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    for line in stream:
        yield json.loads(line)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a child that has closed its output or that we no longer want."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    with suppress(OSError):
        process.stdin.close()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _how_it_ended(name: str, code: int, chatter: IO[bytes]) -> str:
    if code < 0:
        how = f"was stopped by signal {signal.Signals(-code).name}"
        if -code == signal.SIGKILL:
            how += ", which is what a system that lacks memory does"
    else:
        how = f"ended with code {code}"
    last = _last_line(chatter)
    return f"llama.cpp's process {how} during '{name}'{': ' + last if last else '.'}"


def _last_line(chatter: IO[bytes]) -> str:
    size = chatter.seek(0, os.SEEK_END)
    chatter.seek(max(0, size - 4096))
    lines = chatter.read().decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""
