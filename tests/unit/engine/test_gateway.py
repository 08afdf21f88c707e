from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sc2_lsp.engine import gateway, protocol
from sc2_lsp.engine.gateway import Gateway, Peer
from tests.support.clock import Clock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows shares no engines")

TOKEN = b"t" * 32
TIMEOUT_S = 20.0


class Echo:
    """Answers a tokenization by as many tokens as its first text says; remembers who left."""

    def __init__(self) -> None:
        self.left = threading.Event()

    def accept(self, asker: Peer, request: protocol.Request) -> None:
        assert isinstance(request, protocol.Tokenize)
        asker.send(protocol.Tokenized(request.id, [tuple(range(int(request.texts[0])))]))

    def leave(self, asker: Peer) -> None:
        self.left.set()


class Rig:
    """A gateway in a thread, and those who connect to it."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.service = Echo()
        self.may_withdraw = True
        self.asked_to_withdraw = threading.Event()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen()
        self._path = path
        self._connections: list[socket.socket] = []
        self.gateway = Gateway(listener, TOKEN, self.service, self._withdraw, self.clock)
        self.thread = threading.Thread(target=self.gateway.run, daemon=True)
        self.thread.start()

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT_S)
        connection.connect(str(self._path))
        self._connections.append(connection)
        return connection

    def greeted(self, idle_s: float = 0.0) -> socket.socket:
        connection = self.connect()
        connection.sendall(protocol.encode(protocol.Hello(TOKEN, idle_s)))
        protocol.decode_welcome(received(connection))
        return connection

    def pass_time(self, seconds: float) -> None:
        """Let the gateway notice that it is later."""
        self.clock.now_s += seconds
        # It may be busy with an earlier connection, and end by that.
        with suppress(ConnectionRefusedError):
            self.connect()

    def ended(self) -> bool:
        self.thread.join(TIMEOUT_S)
        return not self.thread.is_alive()

    def close(self) -> None:
        self.may_withdraw = True
        self.gateway.finish()
        self.clock.now_s += 1e6
        assert self.ended()
        for connection in self._connections:
            connection.close()

    def _withdraw(self) -> bool:
        self.asked_to_withdraw.set()
        return self.may_withdraw


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.chdir(tmp_path)
    rig = Rig(Path("socket"))
    yield rig
    rig.close()


def received(connection: socket.socket) -> bytes:
    body = protocol.read_frame(connection.makefile("rb"))
    assert body is not None, "the connection has ended"
    return body


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def ask(connection: socket.socket, n_tokens: int = 3) -> protocol.Reply:
    connection.sendall(protocol.encode(protocol.Tokenize(1, [str(n_tokens).encode()])))
    return protocol.decode_reply(received(connection))


def test_who_knows_the_token_is_served(rig: Rig) -> None:
    assert ask(rig.greeted()) == protocol.Tokenized(1, [(0, 1, 2)])


@pytest.mark.parametrize(
    "beginning",
    [
        protocol.encode(protocol.Hello(b"u" * 32, 1.0)),
        protocol.encode(protocol.Hello(b"", 1.0)),
        protocol.encode(protocol.Hello(TOKEN, -1.0)),
        protocol.encode(protocol.Hello(TOKEN, float("nan"))),
        protocol.encode(protocol.Hello(TOKEN * 100, 1.0)),
        protocol.encode(protocol.Tokenize(1, [b"3"])),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\xff" * 100_000,
        b"\0\0\0\1\xc1",
    ],
)
def test_any_other_beginning_ends_the_connection(rig: Rig, beginning: bytes) -> None:
    stranger = rig.connect()
    stranger.sendall(beginning)
    assert is_closed(stranger)


def test_who_does_not_greet_is_shown_out(rig: Rig) -> None:
    silent = rig.connect()
    silent.sendall(protocol.encode(protocol.Hello(TOKEN, 1.0))[:-1])
    user = rig.greeted()
    rig.pass_time(gateway.HELLO_S + 0.1)
    assert is_closed(silent)
    assert ask(user)


@pytest.mark.parametrize(
    "garbage", [b"\0\0\0\1\xc1", b"\xff\xff\xff\xff", b"\0\0\0\x64" + b"\x91" * 100]
)
def test_garbage_ends_the_connection_that_brings_it_alone(rig: Rig, garbage: bytes) -> None:
    good, bad = rig.greeted(), rig.greeted()
    bad.sendall(garbage)
    assert is_closed(bad)
    assert rig.service.left.wait(TIMEOUT_S)
    assert ask(good)


def test_a_frame_may_come_in_pieces_and_many_at_once(rig: Rig) -> None:
    user = rig.greeted()
    frame = protocol.encode(protocol.Tokenize(1, [b"2"]))
    for byte in frame:
        user.sendall(bytes([byte]))
    assert protocol.decode_reply(received(user))
    user.sendall(frame * 3)
    stream = user.makefile("rb")
    assert all(protocol.read_frame(stream) for _ in range(3))


def test_who_does_not_read_is_dropped_and_nobody_waits_for_them(rig: Rig) -> None:
    good, stuck = rig.greeted(), rig.greeted()
    stuck.sendall(protocol.encode(protocol.Tokenize(1, [b"200000"])) * 50)
    assert rig.service.left.wait(TIMEOUT_S)
    assert ask(good)


def test_a_large_answer_comes_whole(rig: Rig) -> None:
    reply = ask(rig.greeted(), 1_000_000)
    assert isinstance(reply, protocol.Tokenized)
    assert len(reply.tokens[0]) == 1_000_000


def test_it_ends_with_its_last_user(rig: Rig) -> None:
    one, other = rig.greeted(idle_s=0.0), rig.greeted(idle_s=0.0)
    one.close()
    assert rig.service.left.wait(TIMEOUT_S)
    assert ask(other)
    other.close()
    assert rig.ended()


def test_it_outlives_its_last_user_by_what_that_one_wished(rig: Rig) -> None:
    rig.greeted(idle_s=7.0).close()
    assert rig.service.left.wait(TIMEOUT_S)
    rig.pass_time(6.9)
    user = rig.greeted(idle_s=3.0)
    assert ask(user)
    rig.service.left.clear()
    user.close()
    assert rig.service.left.wait(TIMEOUT_S)
    rig.pass_time(3.1)
    assert rig.ended()


def test_the_last_user_may_change_that_wish(rig: Rig) -> None:
    user = rig.greeted(idle_s=1000.0)
    user.sendall(protocol.encode(protocol.Linger(1, 0.0)))
    user.close()
    assert rig.ended()


def test_it_ends_if_nobody_ever_greets(rig: Rig) -> None:
    rig.connect()
    rig.pass_time(gateway.FIRST_USER_S + 0.1)
    assert rig.ended()


def test_it_stays_for_somebody_who_comes_while_it_may_not_withdraw(rig: Rig) -> None:
    rig.may_withdraw = False
    rig.greeted().close()
    assert rig.asked_to_withdraw.wait(TIMEOUT_S)
    user = rig.greeted()
    rig.may_withdraw = True
    assert ask(user)


def test_it_ends_although_it_may_never_withdraw(rig: Rig) -> None:
    rig.may_withdraw = False
    rig.greeted().close()
    assert rig.asked_to_withdraw.wait(TIMEOUT_S)
    rig.pass_time(5.0)
    assert rig.ended()


def test_what_was_answered_before_the_end_still_arrives(rig: Rig) -> None:
    user = rig.greeted()
    user.sendall(protocol.encode(protocol.Tokenize(1, [b"300000"])) * 2)
    stream = user.makefile("rb")
    assert protocol.read_frame(stream)
    rig.gateway.finish()
    assert protocol.read_frame(stream)
    assert rig.ended()
