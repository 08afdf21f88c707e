"""Servers as processes of their own, for as long as they are needed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

from sc2_lsp.models import BUNDLED_MODEL

EMPTY: Mapping[str, str] = MappingProxyType({})


@contextmanager
def started(
    command: Sequence[str | Path], listens: bytes, environment: Mapping[str, str] = EMPTY
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """What `listens` finds in what a server says once it can be asked, such as its address.

    And its process, which may be stopped or killed meanwhile.
    """
    with subprocess.Popen(
        command,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
        start_new_session=True,
    ) as process:
        assert process.stdout
        said = []
        try:
            for line in process.stdout:
                said.append(line)
                if found := re.search(listens, line):
                    break
            else:
                raise AssertionError(b"".join(said).decode())
            # What it says later is read by nobody, and must not stop it.
            drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
            yield found[1].decode(), process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    drain.wait()


@contextmanager
def llama_server(
    program: Path, *options: str, port: int = 0
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address and the process of a llama-server with the bundled model, and one slot."""
    command = [program, "--model", BUNDLED_MODEL, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--parallel", "1", "--threads", "1", *options]
    with started(command, rb"listening on (http://127\.0\.0\.1:\d+)") as found:
        yield found
