"""Whatever goes wrong, neither the key nor code is in anything that is written.

The index holds code, which is what it is for, and is left out by its name. All else that a session
leaves is read.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support import team_faults
from tests.support.fake_llama_server import FakeLlamaServer, numbered
from tests.support.lsp_client import ROOT, Client
from tests.support.team_session import CODE, FILE, Fault, Session

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

KEY = "planted-key-5b1f0a"
LINES = [line.strip() for line in CODE.splitlines() if "planted" in line]
MARKERS = [KEY, *LINES, "planted_code_8831"]

# `sc2-lsp` with all that its log can tell.
TALKATIVE = """
import functools, logging, sys
from sc2_lsp.server import app
app.start_logging = functools.partial(app.start_logging, logging.DEBUG)
from sc2_lsp.__main__ import main
sys.argv[0] = "sc2-lsp"
main()
"""
SERVE = (sys.executable, "-X", "faulthandler", "-c", TALKATIVE, "serve")


@pytest.fixture
def home(runtime_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that a session may write lies in here, and the key in the environment."""
    home = Path(tempfile.mkdtemp(dir=runtime_folder))
    for name in ("RUNTIME", "STATES", "INDEX", "RECORD", "CONFIG", "MODELS"):
        monkeypatch.setenv(f"SC2_LSP_{name}_DIR", str(home / name.lower()))
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        (home / name).mkdir(parents=True)
        monkeypatch.setenv(name, str(home / name))
    monkeypatch.setenv("SC2_API_KEY", KEY)
    return home


@pytest.fixture
def server() -> Iterator[FakeLlamaServer]:
    server = FakeLlamaServer(answer=numbered)
    server.start()
    yield server
    with suppress(OSError):
        server.stop()


def faults(server: FakeLlamaServer) -> list[Fault]:
    """Also some that say in their answers what they were sent."""
    repeating = [
        team_faults.doing(server, f"{status} with code and key", status=status, body=str(MARKERS))
        for status in (401, 413, 500)
    ]
    return [*team_faults.behaviours(server), *repeating]


def found_in(text: str | bytes) -> list[str]:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    return [marker for marker in MARKERS if marker.encode() in data]


def test_nothing_that_is_written_holds_code_or_the_key(server: FakeLlamaServer, home: Path) -> None:
    root = home / "repository"
    root.mkdir()
    (root / "planted.py").write_text(CODE.format(number=1) + "0\n")
    metrics = home / "metrics.prom"
    settings = {
        "endpoint": server.url,
        "metrics_file": str(metrics),
        "record": True,
        "shared_engine": True,
        "warm_start_mb": 64,
        "idle_work": "always",
    }
    with Client(SERVE) as client:
        session = Session(client)
        session.begin(root.as_uri(), **settings)
        for fault in faults(server):
            session.suffer(fault)
        server.stop()
        session.keys_until(lambda answer: bool(answer.text))
        # The engine crashes, then the server itself.
        engine = psutil.Process(client.stats()["engine"]["pid"])
        for process in (engine, psutil.Process(client.process.pid)):
            assert process.rlimit(psutil.RLIMIT_CORE)[0] == 0
        children = [engine, *psutil.Process(client.process.pid).children(recursive=True)]
        assert not [child for child in children if KEY in child.environ().values()]
        engine.send_signal(signal.SIGSEGV)
        session.keys_until(lambda answer: bool(answer.text))
        for command in ("sc2.index", "sc2.stats"):
            told = client.ask("workspace/executeCommand", {"command": command})
            assert not found_in(json.dumps(told)), command
        client.process.send_signal(signal.SIGABRT)
        client.wait()
        log = client.stderr
        told = json.dumps(client.inbox.messages)
    assert any(headers.get("authorization") == f"Bearer {KEY}" for *_, headers in server.asked)
    assert "Fatal Python error: Aborted" in log
    assert "DEBUG" in log
    assert not found_in(log)
    assert "window/logMessage" in told or "window/showMessage" in told
    assert not found_in(told)
    written = [path for path in home.rglob("*") if path.is_file() and root not in path.parents]
    assert metrics in written
    assert any(home / "record" in path.parents for path in written)
    holding = [path for path in written if found_in(path.read_bytes())]
    assert {path.relative_to(home).parts[0] for path in holding} == {"index"}


@pytest.mark.parametrize("name", ["none", "401 with code and key", "answers without HTTP"])
def test_commands_tell_neither(server: FakeLlamaServer, home: Path, name: str) -> None:
    file = home / "planted.py"
    file.write_text(CODE.format(number=1) + "\n")
    for fault in faults(server):
        if fault.name == name:
            fault.begin()
    endpoint = ("--set", f"endpoint={server.url}", "--set", "shared_engine=false")
    place = f"{file}:8:{len(CODE.splitlines()[-1]) + 1}"
    for command in (("doctor",), ("doctor", "--json"), ("complete", place), ("stats",)):
        given = endpoint if command[0] != "stats" else ()
        done = subprocess.run(
            [sys.executable, "-m", "sc2_lsp", *command, *given],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
        )
        assert not found_in(done.stdout + done.stderr), command
        assert b"Traceback" not in done.stderr, done.stderr
    assert server.asked


def test_a_marker_would_be_found() -> None:
    assert len(LINES) == 2
    assert FILE not in MARKERS
    assert found_in(f"a log with {KEY} in it") == [KEY]
    assert found_in(CODE) == MARKERS[1:]
