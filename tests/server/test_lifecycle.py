"""However a session ends, the engine is closed, the exit code is right and no process is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.lsp_client import FAKE_SERVER, ROOT, Client, at, connect

pytestmark = pytest.mark.server

only_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The file that the fake engine writes when it is closed."""
    return tmp_path / "closed"


def started(mark: Path, **params: object) -> Client:
    client = Client(env={"CLOSED_MARK": str(mark)})
    client.initialize(**params)  # type: ignore[arg-type]
    return client


def test_only_what_is_implemented_is_advertised(fresh: Client) -> None:
    result = fresh.initialize()
    assert result["serverInfo"]["name"] == "sc2-lsp"
    assert result["capabilities"] == {
        "positionEncoding": "utf-16",
        "textDocumentSync": {"openClose": True, "change": 2, "save": True},
        "executeCommandProvider": {
            "commands": ["sc2.stats", "sc2.index", "sc2.context", "sc2.accepted"]
        },
        "inlineCompletionProvider": {},
        "workspace": {
            "workspaceFolders": {"supported": True, "changeNotifications": True},
            "fileOperations": {},
        },
    }


def test_shutdown_and_exit(mark: Path) -> None:
    with started(mark) as client:
        assert client.shut_down() == 0
        assert mark.read_text() == "closed"
        assert client.stderr.splitlines() == [
            "a stray print",
            "Content-Length: 3",
            "",
            "bad",
        ]


def test_exit_without_shutdown(mark: Path) -> None:
    with started(mark) as client:
        client.notify("exit")
        assert client.wait() == 1
        assert mark.exists()


def test_exit_before_initialize(fresh: Client) -> None:
    fresh.notify("exit")
    assert fresh.wait() == 1


def test_the_end_of_the_input(mark: Path) -> None:
    with started(mark) as client:
        client.close_input()
        assert client.wait() == 1
        assert mark.exists()


def test_the_end_of_the_input_after_shutdown(mark: Path) -> None:
    with started(mark) as client:
        client.ask("shutdown")
        client.close_input()
        assert client.wait() == 0


def test_shutdown_cancels_what_is_under_way(mark: Path) -> None:
    with started(mark) as client:
        client.open("file:///a.py", "HANG")
        hanging = client.start("textDocument/inlineCompletion", at("file:///a.py", 0, 4))
        assert client.shut_down() == 0
        assert client.inbox.wait_for(id=hanging)["error"]["code"] == -32800


@pytest.mark.parametrize("word", ["HANG", "STUBBORN"])
def test_the_server_ends_although_requests_are_under_way(mark: Path, word: str) -> None:
    with started(mark) as client:
        client.open("file:///a.py", word)
        client.start("textDocument/inlineCompletion", at("file:///a.py", 0, len(word)))
        client.stats()
        client.close_input()
        assert client.wait() == 1
        assert mark.exists()
        assert "Traceback" not in client.stderr


def test_a_request_that_refuses_to_end_does_not_spoil_the_exit_code(mark: Path) -> None:
    with started(mark) as client:
        client.open("file:///a.py", "STUBBORN")
        client.start("textDocument/inlineCompletion", at("file:///a.py", 0, 8))
        assert client.shut_down() == 0


@only_posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals(mark: Path, number: signal.Signals) -> None:
    with started(mark) as client:
        client.stats()
        client.process.send_signal(number)
        assert client.wait() == 128 + number
        assert mark.exists()
        assert "Traceback" not in client.stderr


def test_the_death_of_the_client_process(mark: Path) -> None:
    """The pipes stay open, as with an editor whose child inherited them."""
    command = [sys.executable, "-c", "input()"]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE) as editor,
        started(mark, processId=editor.pid) as client,
    ):
        client.stats()
        editor.kill()
        editor.wait()
        assert client.wait() == 1
        assert mark.exists()


def test_a_client_process_that_cannot_be_seen_is_no_reason_to_end(fresh: Client) -> None:
    fresh.initialize(processId=2**22 + 1)
    assert fresh.stats()["requests"] == 0


CLIENT = """
import os, subprocess, sys, time
sys.path.insert(0, {root!r})
from tests.support.lsp_client import Client
client = Client(stderr=subprocess.DEVNULL)
client.initialize(processId=os.getpid())
print(client.process.pid, flush=True)
sys.stdin.read()
"""


@only_posix
def test_nothing_is_left_when_the_client_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT.format(root=str(ROOT))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as editor:
        assert editor.stdout
        server = psutil.Process(int(editor.stdout.readline()))
        os.kill(editor.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs([server], timeout=5)
        assert not alive


def test_tcp_serves_one_client_and_ends_with_it(mark: Path) -> None:
    with Client((*FAKE_SERVER, "--tcp"), env={"CLOSED_MARK": str(mark)}) as server:
        address = server.wait_for_line("listens on").split()[-1]
        assert address.startswith("127.0.0.1:")
        connection, inbox = connect(address)
        with connection:
            connection.sendall(
                b"Content-Length: 59\r\n\r\n"
                b'{"jsonrpc":"2.0","id":1,"method":"no/such","params":null}  '
            )
            assert inbox.wait_for(id=1)["error"]["code"] == -32002
            with pytest.raises(OSError, match="refused"):
                connect(address)
            connection.shutdown(socket.SHUT_RDWR)
        assert server.wait() == 1
        assert mark.exists()
        assert "Traceback" not in server.stderr


@only_posix
def test_tcp_can_be_stopped_before_a_client_came(mark: Path) -> None:
    with Client((*FAKE_SERVER, "--tcp"), env={"CLOSED_MARK": str(mark)}) as server:
        server.wait_for_line("listens on")
        server.process.terminate()
        assert server.wait() == 128 + signal.SIGTERM
        assert mark.exists()


def test_tcp_says_so_where_it_cannot_listen() -> None:
    with Client((*FAKE_SERVER, "--tcp")) as server:
        address = server.wait_for_line("listens on").split()[-1]
        with Client((*FAKE_SERVER, "--tcp", address)) as second:
            assert second.wait() == 1
            assert second.stderr.startswith("sc2-lsp cannot listen there: ")
            assert len(second.stderr.splitlines()) == 1


@pytest.mark.parametrize("address", ["0.0.0.0:0", ":::0", "192.0.2.7:0"])
def test_tcp_refuses_an_address_that_others_can_reach(address: str) -> None:
    with Client((*FAKE_SERVER, "--tcp", address)) as server:
        assert server.wait() == 2
        assert server.stderr.startswith("sc2-lsp does not listen on ")
        assert "127.0.0.1" in server.stderr
        assert len(server.stderr.splitlines()) == 1


def test_tcp_takes_a_name_of_this_machine_for_itself() -> None:
    with Client((*FAKE_SERVER, "--tcp", "localhost:0")) as server:
        assert server.wait_for_line("listens on")
        server.process.kill()
