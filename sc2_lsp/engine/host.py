"""The engine process: weights in the main thread, whoever uses them in another.

Without arguments it serves its parent over standard input and output and ends with its input. With
a socket, a folder and a name it serves all editors of a user and ends when the last has gone.
Either way it does not outlive its users, wherever the main thread is just then.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from sc2_lsp.engine import protocol, rendezvous
from sc2_lsp.engine.evaluator import Evaluator
from sc2_lsp.engine.gateway import Gateway
from sc2_lsp.engine.llama import LlamaModel
from sc2_lsp.engine.rendezvous import Place

_EXIT_GRACE_S = 1.5
_GATEWAY_GRACE_S = 5.0
_MAX_LOG_BYTES = 256 * 1024


def main(arguments: Sequence[str]) -> None:
    """Serve until there is nobody left to serve."""
    # Ctrl-C in a terminal reaches the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if arguments:
            descriptor, folder, name = arguments
            _serve_shared(socket.socket(fileno=int(descriptor)), Place(Path(folder), name))
        else:
            _serve_parent()
    except Exception:
        traceback.print_exc()
        os._exit(1)
    # llama.cpp's threads and libraries are not worth waiting for.
    os._exit(0)


def _serve_parent() -> None:
    parent = _Parent(_claim_stdout())
    evaluator = Evaluator(time.monotonic)

    def read() -> None:
        while (body := protocol.read_frame(sys.stdin.buffer)) is not None:
            evaluator.accept(parent, protocol.decode_request(body))

    _run_beside(evaluator, read, "reader")
    evaluator.run()


def _serve_shared(listener: socket.socket, place: Place) -> None:
    token = rendezvous.read_token(place)
    if token is None:
        return
    evaluator = Evaluator(time.monotonic, rest=_bound_log)
    gateway = Gateway(listener, token, evaluator, _withdrawal(place), time.monotonic)
    thread = _run_beside(evaluator, gateway.run, "gateway")
    evaluator.run()
    gateway.finish()
    thread.join(_GATEWAY_GRACE_S)


def _run_beside(evaluator: Evaluator, serve: Callable[[], None], name: str) -> threading.Thread:
    """Run `serve` in a thread whose end, whatever its reason, is that of the process."""

    def run() -> None:
        try:
            serve()
        except protocol.BadFrame as error:
            sys.stderr.write(f"sc2-lsp engine: a request is unreadable: {error}\n")
        except Exception:
            traceback.print_exc()
        evaluator.stop()
        evaluator.may_end.wait(_EXIT_GRACE_S)
        # The main thread may be deep inside llama.cpp: nothing less ends the process.
        os._exit(0)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


class _Parent:
    """Owns the pipe to the parent. A parent that does not read has the engine wait."""

    def __init__(self, replies: BinaryIO) -> None:
        self._replies = replies
        self._lock = threading.Lock()

    def send(self, reply: protocol.Reply) -> None:
        try:
            with self._lock:
                self._replies.write(protocol.encode(reply))
                self._replies.flush()
        except OSError:
            os._exit(0)


def _claim_stdout() -> BinaryIO:
    """The real stdout for frames alone; whatever else prints goes to stderr from now on."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return replies


def _withdrawal(place: Place) -> Callable[[], bool]:
    """What removes the engine's files before its end; false while another process starts one.

    Without the lock, a start that replaces this engine's socket could lose its own to the removal.
    """
    own = rendezvous.identity(place)

    def withdraw() -> bool:
        try:
            lock = rendezvous.try_lock(place)
            if lock is None:
                return False
            try:
                rendezvous.withdraw(place, own)
            finally:
                os.close(lock)
        except OSError as error:
            sys.stderr.write(f"sc2-lsp engine: {place.folder} cannot be cleaned up: {error}\n")
        return True

    return withdraw


def _bound_log(_: LlamaModel) -> None:
    """Begin the log anew when it has grown long; it is standard error, opened for appending."""
    descriptor = sys.stderr.fileno()
    if os.fstat(descriptor).st_size > _MAX_LOG_BYTES:
        os.ftruncate(descriptor, 0)
