"""`sc2-lsp serve` itself, with the bundled model and an engine that nobody else uses."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sc2_lsp.models import BUNDLED_MODEL
from tests.support.lsp_client import ROOT, Client, at

pytestmark = pytest.mark.server

COMMAND = (sys.executable, "-m", "sc2_lsp", "serve", "--set", "engine_idle_s=0")
A = "file:///r/text.py"
CODE = (ROOT / "sc2_lsp" / "text.py").read_text(encoding="utf-8") + "\n\ndef width(line):\n    "
LAST_LINE = CODE.count("\n")


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(COMMAND) as client:
        client.initialize()
        client.open(A, CODE)
        yield client


def complete(client: Client) -> None:
    """Ask by key, so that nothing but the engine decides; any answer will do."""
    reply = client.ask("textDocument/inlineCompletion", at(A, LAST_LINE, 4, triggerKind=1))
    assert "error" not in reply


def engine_of(client: Client) -> psutil.Process:
    """The engine's process, loaded."""
    complete(client)
    stats = client.stats()
    assert stats["engine"]["state"] == "ready"
    assert stats["prompt_tokens_evaluated"] > 0
    return psutil.Process(stats["engine"]["pid"])


def assert_gone(*processes: psutil.Process) -> None:
    _, alive = psutil.wait_procs(processes, timeout=5)
    assert not alive


def test_a_session_leaves_no_process(client: Client) -> None:
    engine = engine_of(client)
    assert client.shut_down() == 0
    assert_gone(engine)
    assert client.stderr == ""


def test_the_end_of_the_input_leaves_no_process(client: Client) -> None:
    engine = engine_of(client)
    client.close_input()
    assert client.wait() == 1
    assert_gone(engine)


def test_a_killed_server_leaves_no_process(client: Client) -> None:
    engine = engine_of(client)
    client.process.kill()
    client.wait()
    assert_gone(engine)


CLIENT = """
import os, subprocess, sys
sys.path.insert(0, {root!r})
from tests.server.test_command import A, CODE, COMMAND, engine_of
from tests.support.lsp_client import Client
client = Client(COMMAND, stderr=subprocess.DEVNULL)
client.initialize(processId=os.getpid())
client.open(A, CODE)
print(client.process.pid, engine_of(client).pid, flush=True)
sys.stdin.read()
"""


def test_a_killed_client_leaves_no_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT.format(root=str(ROOT))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as editor:
        assert editor.stdout
        processes = [psutil.Process(int(pid)) for pid in editor.stdout.readline().split()]
        assert len(processes) == 2
        editor.kill()
        assert_gone(*processes)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_leaves_no_process(client: Client) -> None:
    engine = engine_of(client)
    client.process.send_signal(signal.SIGTERM)
    assert client.wait() == 128 + signal.SIGTERM
    assert_gone(engine)


def test_a_killed_engine_costs_one_reply(client: Client) -> None:
    engine = engine_of(client)
    client.change(A, {"text": CODE.replace("Text", "Page")})
    asked = client.start("textDocument/inlineCompletion", at(A, LAST_LINE, 4, triggerKind=1))
    engine.kill()
    assert "result" in client.inbox.wait_for(id=asked)
    assert engine_of(client).pid != engine.pid


@pytest.mark.parametrize("content", [None, b"GGUF but not really"])
def test_weights_that_cannot_be_used_are_named_once(tmp_path: Path, content: bytes | None) -> None:
    model = tmp_path / "model.gguf"
    if content is not None:
        model.write_bytes(content)
    with Client(COMMAND) as client:
        client.initialize({"model": str(model)})
        client.open(A, CODE)
        complete(client)
        complete(client)
        shown = client.inbox.wait_for(method="window/showMessage")
        assert "model.gguf" in shown["params"]["message"]
        client.inbox.wait_for(method="window/logMessage")
        assert not client.inbox.messages
        client.notify("workspace/didChangeConfiguration", {"settings": {"sc2": {"model": ""}}})
        engine_of(client)
        assert client.shut_down() == 0
        assert "Traceback" not in client.stderr


def test_an_empty_setting_leaves_the_command_lines_model_in_force() -> None:
    with Client((*COMMAND, "--model", "/no/such.gguf")) as client:
        client.initialize({"model": ""})
        client.open(A, CODE)
        complete(client)
        shown = client.inbox.wait_for(method="window/showMessage")
        assert "/no/such.gguf does not exist" in shown["params"]["message"]
        settings = {"sc2": {"model": str(BUNDLED_MODEL)}}
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
        engine_of(client)
        assert client.shut_down() == 0


def test_noise_is_survived(client: Client) -> None:
    client.send(random.Random(2).randbytes(200_000) + b"\n")
    client.send(b"x" * 50_000_000 + b"\n")
    client.send(b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc")
    assert client.inbox.wait_for(id=None)["error"]["code"] == -32700
    client.open("file:///s.py", "x = '\ud800'\ny = ")
    reply = client.ask("textDocument/inlineCompletion", at("file:///s.py", 1, 4, triggerKind=1))
    assert "result" in reply
    client.send(b"Content-Length: 500\r\n\r\n")
    engine_of(client)
    assert client.shut_down() == 0
    assert "Traceback" not in client.stderr
