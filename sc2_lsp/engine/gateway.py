"""Who talks to a shared engine: one thread for the socket, the handshakes and all frames.

Neither a client that stops reading nor one that sends garbage harms another: writes never wait,
what is unread is bounded, and a connection that breaks the rules is closed. Ends when nobody has
been there for as long as the last one wished.
"""

from __future__ import annotations

import hmac
import os
import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from sc2_lsp.engine import protocol
from sc2_lsp.engine.rendezvous import is_own_peer
from sc2_lsp.ports import Clock

FIRST_USER_S = 5.0
"""How long a new engine waits for a greeting; who started it connects before it is up."""

HELLO_S = 5.0
MAX_UNREAD_BYTES = 32 * 1024 * 1024
_FLUSH_S = 1.0
_WITHDRAW_AGAIN_S = 0.05
_WITHDRAW_PATIENCE_S = 1.0
_READ_BYTES = 256 * 1024


class Service(Protocol):
    """What takes the requests; its methods must not wait."""

    def accept(self, asker: Peer, request: protocol.Request) -> None: ...

    def leave(self, asker: Peer) -> None: ...


class Peer:
    """Owns one connection. `send` may be called from any thread."""

    def __init__(self, connection: socket.socket, since_s: float, wake: Callable[[], None]) -> None:
        self.connection = connection
        self.since_s = since_s
        self.inbox = bytearray()
        self.idle_s: float | None = None
        self.is_broken = False
        self._wake = wake
        self._outbox = bytearray()
        self._lock = threading.Lock()

    @property
    def has_greeted(self) -> bool:
        return self.idle_s is not None

    def send(self, message: protocol.Welcome | protocol.Reply) -> None:
        data = protocol.encode(message)
        with self._lock:
            self._outbox += data
            if len(self._outbox) > MAX_UNREAD_BYTES:
                self.is_broken = True
                self._outbox.clear()
        self._wake()

    def flush(self) -> bool:
        """Write what the connection takes; whether something is left."""
        with self._lock:
            try:
                while self._outbox:
                    del self._outbox[: self.connection.send(self._outbox)]
            except BlockingIOError:
                pass
            except OSError:
                self.is_broken = True
                self._outbox.clear()
            return bool(self._outbox)


class Gateway:
    """Owns the listening socket and the connections; `run` belongs to one thread.

    `withdraw` takes the socket out of sight before the end; while it returns false the gateway
    goes on serving for a while, because somebody may be about to come.
    """

    def __init__(
        self,
        listener: socket.socket,
        token: bytes,
        service: Service,
        withdraw: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._listener = listener
        self._token = token
        self._service = service
        self._withdraw = withdraw
        self._clock = clock
        self._peers: dict[int, Peer] = {}
        self._idle_s = FIRST_USER_S
        self._alone_since_s = clock()
        self._withdraw_at_s = 0.0
        self._finish_by_s: float | None = None
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        for own in (listener, self._woken, self._waker):
            own.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until nobody is left who needs it, or until `finish` is called and heard."""
        while not (self._is_over() and self._withdraw_or_wait()):
            for key, _ in self._selector.select(self._timeout_s()):
                if key.fileobj is self._listener:
                    self._admit()
                elif key.fileobj is self._woken:
                    self._woken.recv(_READ_BYTES)
                elif (peer := self._peers.get(key.fd)) is not None:
                    self._read(peer)
            for peer in list(self._peers.values()):
                self._tend(peer)
        self._listener.close()
        for peer in list(self._peers.values()):
            self._close(peer)

    def finish(self) -> None:
        """End as soon as what was sent has been read, or soon after; from any thread."""
        self._finish_by_s = self._clock() + _FLUSH_S
        self._wake()

    def _wake(self) -> None:
        # A full buffer wakes just as well.
        with suppress(OSError):
            self._waker.send(b"\0")

    def _is_over(self) -> bool:
        if self._finish_by_s is not None and not any(p.flush() for p in self._peers.values()):
            return True
        end_s = self._end_s()
        return end_s is not None and self._clock() >= end_s

    def _end_s(self) -> float | None:
        """When to end if nobody comes; None while there is no reason to."""
        if self._finish_by_s is not None:
            return self._finish_by_s
        return None if self._has_users() else self._alone_since_s + self._idle_s

    def _has_users(self) -> bool:
        return any(peer.has_greeted for peer in self._peers.values())

    def _withdraw_or_wait(self) -> bool:
        now_s, end_s = self._clock(), self._end_s()
        if now_s < self._withdraw_at_s:
            return False
        self._withdraw_at_s = now_s + _WITHDRAW_AGAIN_S
        return self._withdraw() or (end_s is not None and now_s > end_s + _WITHDRAW_PATIENCE_S)

    def _timeout_s(self) -> float | None:
        """Until something is due that no event tells of."""
        due_s = [peer.since_s + HELLO_S for peer in self._peers.values() if not peer.has_greeted]
        if (end_s := self._end_s()) is not None:
            due_s.append(max(end_s, self._withdraw_at_s))
        return max(0.0, min(due_s) - self._clock()) if due_s else None

    def _admit(self) -> None:
        # Whoever connects may be gone already.
        with suppress(OSError):
            connection, _ = self._listener.accept()
            if not is_own_peer(connection):
                connection.close()
                return
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ)
            self._peers[connection.fileno()] = Peer(connection, self._clock(), self._wake)

    def _read(self, peer: Peer) -> None:
        try:
            data = peer.connection.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        peer.inbox += data
        try:
            if not data:
                raise protocol.BadFrame("the connection has ended")
            while (body := protocol.take_frame(peer.inbox, _longest_body(peer))) is not None:
                self._accept(peer, body)
        except protocol.BadFrame:
            peer.is_broken = True

    def _accept(self, peer: Peer, body: bytes) -> None:
        if peer.has_greeted:
            request = protocol.decode_request(body)
            if isinstance(request, protocol.Linger):
                peer.idle_s = request.idle_s
            else:
                self._service.accept(peer, request)
            return
        hello = protocol.decode_hello(body)
        if not hmac.compare_digest(hello.token, self._token):
            raise protocol.BadFrame("the token is wrong")
        peer.idle_s = hello.idle_s
        peer.send(protocol.Welcome(os.getpid()))

    def _tend(self, peer: Peer) -> None:
        """Write what there is to write, and close a connection that has no right to stay."""
        has_unread = peer.flush()
        is_late = not peer.has_greeted and self._clock() >= peer.since_s + HELLO_S
        if peer.is_broken or is_late:
            self._close(peer)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if has_unread else 0)
        if self._selector.get_key(peer.connection).events != events:
            self._selector.modify(peer.connection, events)

    def _close(self, peer: Peer) -> None:
        del self._peers[peer.connection.fileno()]
        self._selector.unregister(peer.connection)
        peer.connection.close()
        if peer.idle_s is not None:
            self._service.leave(peer)
            self._idle_s, self._alone_since_s = peer.idle_s, self._clock()


def _longest_body(peer: Peer) -> int:
    return protocol.MAX_BODY if peer.has_greeted else protocol.MAX_HELLO_BODY
