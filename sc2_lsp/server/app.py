"""Puts the server together, runs it for one client, and leaves nothing behind when it ends.

It ends on `exit`, at the end of the input, on SIGINT and SIGTERM, and when the client's process
dies; whatever the reason, the engine is closed, and all of that takes bounded time.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from sc2_lsp.completion.service import CompletionService
from sc2_lsp.ports import Clock, Indexes, ManagedEngine
from sc2_lsp.record.journal import Journal
from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.handlers import (
    commands,
    configuration,
    documents,
    indexing,
    inline_completion,
    lifecycle,
    metrics,
    notebooks,
    recording,
    workspace_folders,
)
from sc2_lsp.server.logs import log_loop_failure, start_logging
from sc2_lsp.server.transport import Connection, Endpoint, socket_endpoint, stdio_endpoint
from sc2_lsp.settings import Settings

FLUSH_S = 1.0
CLOSE_S = 3.0
GIVE_UP_S = FLUSH_S + CLOSE_S + 1.0

_NOT_LOCAL = (
    "sc2-lsp does not listen on {}, which others can reach: there is neither TLS nor a key. Give "
    "127.0.0.1:PORT, and from another machine forward that port with `ssh -L`."
)

logger = logging.getLogger(__name__)


class NotLocal(Exception):
    """The address to listen on is not of this machine alone."""


class Server(ServerCore):
    """A language server for one client; each of the `serve` methods is called once."""

    def serve_stdio(self) -> int:
        """Serve the client on standard input and output; the exit code of the process."""
        start_logging()
        try:
            endpoint = stdio_endpoint()
        except OSError:
            sys.stderr.write("sc2-lsp cannot serve here: standard input or output is closed.\n")
            return 1
        self.watches_client = True

        async def connect() -> Endpoint:
            return endpoint

        return _run(self, connect)

    def serve_tcp(self, host: str, port: int) -> int:
        """Serve the first client that connects to this address; the exit code of the process.

        Port 0 takes a free one. The address is printed on standard error. One that others than this
        machine can reach is refused, since whoever connects first is served.
        """
        start_logging()
        return _run(self, lambda: _accept(host, port))


def create_server(
    service: CompletionService,
    engine: ManagedEngine,
    indexes: Indexes,
    journal: Journal,
    settings: Settings,
    clock: Clock = time.monotonic,
) -> Server:
    """The server with all its handlers; closes engine, indexes and journal when it ends."""
    server = Server(service, engine, indexes, journal, settings, clock)
    for feature in (
        lifecycle,
        configuration,
        workspace_folders,
        documents,
        notebooks,
        indexing,
        inline_completion,
        commands,
        recording,
    ):
        feature.register(server)
    return server


def _run(server: Server, connect: Callable[[], Awaitable[Endpoint]]) -> int:
    try:
        exit_code, last_resort = asyncio.run(_serve(server, connect))
    except KeyboardInterrupt:  # Only before or after the time in which the server handles it.
        return 128 + signal.SIGINT
    last_resort.cancel()
    return exit_code


async def _serve(
    server: Server, connect: Callable[[], Awaitable[Endpoint]]
) -> tuple[int, threading.Timer]:
    """The exit code, and the timer that ends the process unless it is cancelled."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_failure)
    stopped = server.stopped()
    stop_on_signals(loop, server.stop)
    connecting = asyncio.ensure_future(connect())
    either: set[asyncio.Future[Any]] = {connecting, stopped}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    connection = _start_connection(server, connecting)
    exit_code = await stopped
    # Tasks of others that refuse to be cancelled must not keep the process.
    last_resort = threading.Timer(GIVE_UP_S, os._exit, [exit_code])
    last_resort.daemon = True
    last_resort.start()
    await _wind_down(server, connection)
    return exit_code, last_resort


def _start_connection(server: Server, connecting: asyncio.Future[Endpoint]) -> Connection | None:
    """The connection, running; where there is none the server is stopped."""
    if not connecting.done():
        connecting.cancel()
        return None
    try:
        endpoint = connecting.result()
    except NotLocal as error:
        sys.stderr.write(f"{_NOT_LOCAL.format(error)}\n")
        server.stop(2)
        return None
    except OSError as error:
        sys.stderr.write(f"sc2-lsp cannot listen there: {error.strerror or error}.\n")
        server.stop(1)
        return None
    connection = Connection(
        endpoint,
        receive=server.protocol.receive,
        end=lambda: server.stop(server.protocol.exit_code),
    )
    server.protocol.connect(connection.write)
    connection.start()
    return connection


async def _accept(host: str, port: int) -> Endpoint:
    """Listen on this address alone until one client is there; raises NotLocal and OSError."""
    loop = asyncio.get_running_loop()
    addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, _, _, _, address = addresses[0]
    # What is looked at is what is listened on: a name may mean something else the next time.
    if not ipaddress.ip_address(address[0]).is_loopback:
        raise NotLocal(address[0])
    with socket.create_server(address[:2], family=family, backlog=1) as listener:
        listener.setblocking(False)
        shown = listener.getsockname()
        sys.stderr.write(f"sc2-lsp listens on {shown[0]}:{shown[1]}\n")
        sys.stderr.flush()
        connection, _ = await loop.sock_accept(listener)
    return socket_endpoint(connection)


def stop_on_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[int], None]) -> None:
    """Stop on SIGINT and SIGTERM, where this thread is the one that may say so."""
    if threading.current_thread() is not threading.main_thread():
        return

    def on_signal(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(stop, 128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop, 128 + number)
        except NotImplementedError:  # Windows, whose event loop wakes up for plain handlers.
            signal.signal(number, on_signal)


async def _wind_down(server: Server, connection: Connection | None) -> None:
    server.protocol.cancel_requests()
    server.cancel_tasks()
    server.service.close()
    recording.finish(server)
    closing = {
        asyncio.ensure_future(server.engine.close()): "engine",
        asyncio.ensure_future(server.indexes.close()): "index",
        asyncio.ensure_future(server.journal.close()): "record",
        asyncio.ensure_future(metrics.finish(server)): "metrics file",
    }
    if connection is not None:
        await connection.close(FLUSH_S)
    await asyncio.wait(closing, timeout=CLOSE_S)
    for task, name in closing.items():
        if not task.done():
            logger.error("The %s did not end in time.", name)
            task.cancel()
        elif not task.cancelled() and (error := task.exception()) is not None:
            logger.error("The %s could not be closed.", name, exc_info=error)
