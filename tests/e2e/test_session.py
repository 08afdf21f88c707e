"""Editor sessions with the real server, the real engine and the bundled model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from sc2_lsp.demo import SPOTS, demo_document
from tests.support.lsp_client import ROOT, Client, at, partial

pytestmark = pytest.mark.e2e

# A shared engine ends with its last user, so that no test finds one that another has warmed.
SERVER = (sys.executable, "-m", "sc2_lsp", "serve", "--set", "engine_idle_s=0")
BOTH_WAYS = pytest.mark.parametrize("shared", ["shared_engine=true", "shared_engine=false"])
URI = "file:///repo/shapes.py"
OTHER_URI = "file:///repo/circle.py"
DEADLINE_MS = 60_000
"""No answer here depends on how fast the machine is."""
# Long enough that its evaluation is under way for a while after the request is sent.
LONG_LINES = [f"value_{number} = compute({number}" for number in range(3000)]
LONG = "\n".join(LONG_LINES)
FIRST = (URI, 5, len(LONG_LINES[5]))
FAR = (URI, 2500, len(LONG_LINES[2500]))


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(SERVER) as client:
        client.initialize({"deadline_ms": DEADLINE_MS, "invoked_deadline_ms": DEADLINE_MS})
        yield client


def spot() -> tuple[str, int, int]:
    """A document of the demo with the line and column of its first spot."""
    text, cursor = demo_document(SPOTS[0])
    line = text.line_at(cursor)
    return text.content, line, cursor - text.line_start(line)


def engine_pid(client: Client) -> int:
    """The engine's process id, once a request has started it."""
    pid: int = client.stats()["engine"]["pid"]
    return pid


def gone(pids: list[int], timeout_s: float) -> bool:
    processes = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(processes, timeout=timeout_s)
    return not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def test_a_suggestion_has_text_and_an_explicit_range(client: Client) -> None:
    content, line, column = spot()
    client.open(URI, content)
    result = client.complete(URI, line, column)
    (item,) = result["items"]
    assert item["insertText"].strip()
    place = {"line": line, "character": column}
    assert item["range"] == {"start": place, "end": place}


def test_typing_what_was_suggested_evaluates_nothing(client: Client) -> None:
    content, line, column = spot()
    client.open(URI, content)
    suggestion = client.complete(URI, line, column)["items"][0]["insertText"]
    before = client.stats()
    for index in range(len(suggestion) - 1):
        client.change(URI, partial(line, column + index, line, column + index, suggestion[index]))
        result = client.complete(URI, line, column + index + 1)
        assert result["items"][0]["insertText"] == suggestion[index + 1 :]
    after = client.stats()
    assert after["cache_hits"] - before["cache_hits"] == len(suggestion) - 1
    assert after["prompt_tokens_evaluated"] == before["prompt_tokens_evaluated"]
    assert after["generated_tokens"] == before["generated_tokens"]


def test_another_open_file_is_part_of_the_prompt(client: Client) -> None:
    content, line, column = spot()
    client.open(URI, content)
    client.complete(URI, line, column)
    alone = client.stats()["prompt_tokens"]
    client.close(URI)
    client.open(OTHER_URI, "def circumference(radius):\n    return 2 * 3.14159 * radius\n")
    client.open(URI, content)
    client.complete(URI, line, column)
    assert client.stats()["prompt_tokens"] > 2 * alone + 10


def test_a_typed_character_costs_the_characters_typed(client: Client) -> None:
    content, line, column = spot()
    client.open(URI, content)
    client.complete(URI, line, column)
    before = client.stats()
    client.change(URI, partial(line, column, line, column, "("))
    client.complete(URI, line, column + 1)
    after = client.stats()
    n_prompt = after["prompt_tokens"] - before["prompt_tokens"]
    n_evaluated = after["prompt_tokens_evaluated"] - before["prompt_tokens_evaluated"]
    assert n_prompt > 500
    assert n_evaluated <= 2


# By a key: how long a prompt may be then does not depend on how fast the machine reads just now.
BY_KEY = {"triggerKind": 1}


def evaluated_by(client: Client, uri: str, line: int, column: int, **context: object) -> int:
    """Prompt tokens that one completion there evaluates."""
    before = client.stats()["prompt_tokens_evaluated"]
    client.complete(uri, line, column, **context)
    evaluated: int = client.stats()["prompt_tokens_evaluated"] - before
    return evaluated


def test_going_back_to_a_file_costs_what_was_typed_there(client: Client) -> None:
    content, line, column = spot()
    client.open(URI, content)
    client.open(OTHER_URI, content.replace("self", "this"))
    assert evaluated_by(client, OTHER_URI, line, column, **BY_KEY) > 200
    assert evaluated_by(client, URI, line, column, **BY_KEY) > 200
    for uri in (OTHER_URI, URI, OTHER_URI):
        client.change(uri, partial(line, column, line, column, "("))
        assert evaluated_by(client, uri, line, column + 1) <= 2
        client.change(uri, partial(line, column, line, column + 1, ""))


def test_going_elsewhere_in_a_file_and_back_costs_what_was_typed_there(client: Client) -> None:
    content, line, column = spot()
    client.open(URI, content)
    evaluated_by(client, URI, line, column)
    assert evaluated_by(client, URI, line - 12, 0, **BY_KEY) > 100
    client.change(URI, partial(line, column, line, column, "("))
    assert evaluated_by(client, URI, line, column + 1) <= 2


def test_a_killed_engine_costs_one_answer(client: Client) -> None:
    client.open(URI, LONG)
    client.complete(*FIRST)
    pid = engine_pid(client)
    asked = client.start("textDocument/inlineCompletion", at(*FAR))
    # The server has begun with that request once it answers a later one.
    client.stats()
    os.kill(pid, signal.SIGKILL)
    killed_s = time.monotonic()
    reply = client.inbox.wait_for(id=asked)
    assert time.monotonic() - killed_s < 1.0
    assert reply["result"] is None
    assert client.stats()["empty"]["engine_down"] == 1

    content, line, column = spot()
    client.open(OTHER_URI, content)
    assert client.complete(OTHER_URI, line, column)["items"]
    assert engine_pid(client) != pid


def test_a_cancelled_request_is_answered_at_once_and_frees_the_engine(client: Client) -> None:
    client.open(URI, LONG)
    client.complete(*FIRST)
    before = client.stats()
    asked = client.start("textDocument/inlineCompletion", at(*FAR))
    client.notify("$/cancelRequest", {"id": asked})
    assert client.inbox.wait_for(id=asked)["error"]["code"] == -32800
    content, line, column = spot()
    client.open(OTHER_URI, content)
    assert client.complete(OTHER_URI, line, column)["items"]
    assert client.stats()["cancelled"] == before["cancelled"] + 1


def test_a_model_that_cannot_be_used_is_named_once_and_can_be_corrected(client: Client) -> None:
    content, line, column = spot()
    client.open(URI, content)

    def configure(**settings: Any) -> None:
        client.notify("workspace/didChangeConfiguration", {"settings": {"sc2": settings}})

    configure(model="/nowhere/starcoder2.gguf")
    assert client.complete(URI, line, column) is None
    shown = client.inbox.wait_for(method="window/showMessage")
    assert "/nowhere/starcoder2.gguf does not exist" in shown["params"]["message"]
    assert client.complete(URI, line, column) is None
    assert not [m for m in client.inbox.messages if m.get("method") == "window/showMessage"]
    configure(model="")
    assert client.complete(URI, line, column)["items"]


@BOTH_WAYS
def test_shutdown_leaves_no_process(shared: str) -> None:
    with Client((*SERVER, "--set", shared)) as client:
        client.initialize()
        client.open(URI, "x = 1\n")
        client.complete(URI, 0, 5)
        pid = engine_pid(client)
        assert client.shut_down() == 0
    assert gone([pid], 5.0)


def test_the_editors_own_settings_decide_whether_the_engine_is_shared() -> None:
    for shared, n_engines in ((True, 1), (False, 2)):
        with Client(SERVER) as one, Client(SERVER) as other:
            for client in (one, other):
                client.initialize({"shared_engine": shared})
                client.open(URI, "x = 1\n")
                client.complete(URI, 0, 5)
            assert len({engine_pid(one), engine_pid(other)}) == n_engines


_EDITOR = """
import sys
from tests.e2e.test_session import SERVER
from tests.support.lsp_client import Client
client = Client((*SERVER, "--set", sys.argv[1]))
client.initialize()
client.open("file:///a.py", "x = 1\\n" * 2000)
client.complete("file:///a.py", 3, 5)
print(client.process.pid, client.stats()["engine"]["pid"], flush=True)
client.start("textDocument/inlineCompletion", {
    "textDocument": {"uri": "file:///a.py"},
    "position": {"line": 1900, "character": 5},
    "context": {"triggerKind": 2},
})
print("asked", flush=True)
sys.stdin.read()
"""


@BOTH_WAYS
def test_a_killed_editor_leaves_no_process(shared: str) -> None:
    editor = subprocess.Popen(
        [sys.executable, "-c", _EDITOR, shared],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert editor.stdout
    pids = [int(pid) for pid in editor.stdout.readline().split()]
    assert len(pids) == 2
    assert all(psutil.pid_exists(pid) for pid in pids)
    assert editor.stdout.readline() == "asked\n"
    editor.kill()
    editor.wait()
    assert gone(pids, 5.0)
