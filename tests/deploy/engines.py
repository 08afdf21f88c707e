"""What stands behind a gateway in place of an engine, or between the two."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Recorder:
    """Passes TCP connections on to the engine and keeps what was sent there."""

    def __init__(self, target: int, at: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.target = target
        self.sent: list[bytearray] = []
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(at)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def requests(self) -> bytes:
        """All that has reached the engine since the last call."""
        seen = b"".join(bytes(part) for part in self.sent)
        for part in self.sent:
            part.clear()
        return seen

    def close(self) -> None:
        """Be gone, as an engine that is stopped."""
        # A shutdown wakes the thread that waits for a connection, which a close alone does not.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                engine = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            self._ends += [client, engine]
            record = bytearray()
            self.sent.append(record)
            threading.Thread(target=self._pass, args=(client, engine, record), daemon=True).start()
            threading.Thread(target=self._pass, args=(engine, client, None), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, record: bytearray | None) -> None:
        try:
            while data := source.recv(65536):
                if record is not None:
                    record += data
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Straight(Recorder):
    """No recorder: the engine itself at its port."""

    def __init__(self, port: int) -> None:
        self.target = self.port = port
        self.sent = []


class Loading:
    """An engine that has not loaded its model yet and says so to everybody."""

    ANSWER = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

    def __init__(self) -> None:
        self.n_asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._answer, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _answer(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                client.recv(65536)
                self.n_asked += 1
                client.sendall(self.ANSWER)
