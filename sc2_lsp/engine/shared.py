"""Joins the engine that a user's editors share, and starts it where there is none.

Whoever starts one opens its socket beforehand and hands it over, so that others can connect before
the process is up: the lock is held for the time of a fork and not for that of a start.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import msgspec

from sc2_lsp import __version__
from sc2_lsp.domain import EngineSpec
from sc2_lsp.engine import protocol, rendezvous
from sc2_lsp.engine.connection import Connection, read_frame
from sc2_lsp.engine.launch import ROOT_FOLDER, engine_environment, shared_command
from sc2_lsp.engine.rendezvous import Place, SharingRefused
from sc2_lsp.ports import EngineUnavailable

# A Python process on a busy machine may need long to come up; one that hangs never will.
_WELCOME_TIMEOUT_S = 30.0
_LOCK_TIMEOUT_S = 15.0
_LOCK_POLL_S = 0.02
_N_STARTS = 2


async def join(spec: EngineSpec, idle_s: float) -> Connection:
    """A connection to the one engine of this user that holds, or is to hold, the weights of `spec`.

    The engine outlives its last user by the `idle_s` that this one asked for. Raises SharingRefused
    where engines cannot be shared, and EngineUnavailable where it ends while it starts.
    """
    if not rendezvous.can_share():
        raise SharingRefused("this platform has no private sockets")
    place = Place(rendezvous.private_folder(os.environ), engine_name(spec))
    try:
        connection = await _greet(place, idle_s)
        # An engine that has just started may leave with another user before it heard of this one.
        for _ in range(_N_STARTS):
            connection = connection or await _greet_or_start(place, idle_s)
    except OSError as error:
        raise SharingRefused(f"{place.folder} cannot be used: {error.strerror or error}") from error
    if connection is None:
        raise EngineUnavailable(_ending(place))
    return connection


def engine_name(spec: EngineSpec) -> str:
    """A name that two servers share if, and only if, one engine can serve both."""
    llama_cpp = find_spec("llama_cpp")
    runtime = llama_cpp.origin if llama_cpp is not None else None
    identity = (
        __version__,
        protocol.VERSION,
        spec,
        _file_identity(spec.model_path),
        _file_identity(spec.lora_path or None),
        sys.executable,
        str(Path(__file__).resolve()),
        # Another build of the same version, for a GPU say, is another engine.
        runtime,
        _file_identity(runtime),
    )
    return "sc2-" + hashlib.sha256(msgspec.json.encode(identity)).hexdigest()[:16]


def _file_identity(path: str | None) -> tuple[int, int] | None:
    """What changes when the file is replaced; None where there is none."""
    try:
        status = Path(path or "").stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


async def _greet_or_start(place: Place, idle_s: float) -> Connection | None:
    async with _locked(place):
        # Meanwhile another process may have started it.
        connection = await _greet(place, idle_s)
        if connection is not None:
            return connection
        await _start(place)
    return await _greet(place, idle_s)


async def _greet(place: Place, idle_s: float) -> Connection | None:
    """Connect and shake hands; None where no engine is there or it is just leaving."""
    token = rendezvous.read_token(place)
    if token is None:
        return None
    try:
        reader, writer = await asyncio.open_unix_connection(os.fspath(place.socket))
    except OSError:
        return None
    try:
        peer: socket.socket = writer.get_extra_info("socket")
        if not rendezvous.is_own_peer(peer):
            raise SharingRefused(f"{place.socket} belongs to another user")
        writer.write(protocol.encode(protocol.Hello(token, idle_s)))
        answer = await asyncio.wait_for(read_frame(reader), _WELCOME_TIMEOUT_S)
        welcome = protocol.decode_welcome(answer)
    except (asyncio.IncompleteReadError, ConnectionError, protocol.BadFrame):
        writer.close()
        return None
    except asyncio.TimeoutError:
        writer.close()
        raise SharingRefused(f"the engine at {place.socket} does not answer") from None
    except BaseException:
        # It may have no other user, and whoever gives up now does not come back for it.
        writer.write(protocol.encode(protocol.Linger(0, 0.0)))
        writer.close()
        raise

    async def farewell() -> str:
        return _ending(place)

    return Connection(reader, writer, welcome.pid, farewell)


def _ending(place: Place) -> str:
    words = rendezvous.last_words(place)
    return "The engine process ended unexpectedly" + (f": {words}" if words else "")


@asynccontextmanager
async def _locked(place: Place) -> AsyncIterator[None]:
    """Hold the folder's lock; raises SharingRefused where somebody else keeps it."""
    loop = asyncio.get_running_loop()
    give_up_s = loop.time() + _LOCK_TIMEOUT_S
    while (lock := rendezvous.try_lock(place)) is None:
        if loop.time() > give_up_s:
            raise SharingRefused(f"another process keeps the lock {place.lock}")
        await asyncio.sleep(_LOCK_POLL_S)
    try:
        yield
    finally:
        os.close(lock)


async def _start(place: Place) -> None:
    """Start an engine that listens there; the caller holds the lock. Raises OSError."""
    with rendezvous.listen(place) as listener:
        log = rendezvous.open_log(place)
        try:
            starter = await asyncio.create_subprocess_exec(
                *shared_command(listener.fileno(), place.folder, place.name),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
                pass_fds=(listener.fileno(),),
                start_new_session=True,
                cwd=ROOT_FOLDER,
                env=engine_environment(os.environ),
            )
        finally:
            os.close(log)
        await starter.wait()
