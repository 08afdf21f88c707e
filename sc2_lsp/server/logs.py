"""Logging of the server: one line per record on standard error, never a traceback by default.

Lines are written by a thread of their own and dropped while too many wait, so an editor that does
not read standard error cannot stop the server. pygls is silenced: it logs message bodies.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import sys
import threading
from typing import Any

_MAX_WAITING_LINES = 1000
_FLUSH_S = 0.5

logger = logging.getLogger(__name__)


def start_logging(level: int = logging.WARNING) -> None:
    """Send the log of this process to standard error from now on.

    At `logging.DEBUG` tracebacks are kept, for whoever develops the server.
    """
    handler = _StderrHandler()
    handler.setFormatter(_Verbose() if level <= logging.DEBUG else _OneLine())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    threading.excepthook = _log_thread_failure
    sys.unraisablehook = _log_unraisable


def log_loop_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The event loop's exception handler."""
    _log_failure("the event loop", context.get("exception"))


def _log_thread_failure(args: threading.ExceptHookArgs) -> None:
    _log_failure("a thread", args.exc_value)


def _log_unraisable(args: sys.UnraisableHookArgs) -> None:
    _log_failure("a finalizer", args.exc_value)


def _log_failure(where: str, error: BaseException | None) -> None:
    info = (type(error), error, error.__traceback__) if error else None
    logger.error("Failure in %s.", where, exc_info=info)


class _Verbose(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("sc2-lsp: %(levelname)s: %(name)s: %(message)s")


class _OneLine(_Verbose):
    """An exception is named by its type alone: its message may hold source text."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"sc2-lsp: {record.levelname}: {record.getMessage()}"
        if record.exc_info and record.exc_info[0]:
            line += f" ({record.exc_info[0].__name__})"
        return line.replace("\r", " ").replace("\n", " ")


class _StderrHandler(logging.Handler):
    """Owns the queue of lines and the thread that writes them."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: queue.Queue[str | None] = queue.Queue(_MAX_WAITING_LINES)
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            pass
        except Exception:  # A record that cannot be formatted is lost, not the server.
            self._lines.put_nowait("sc2-lsp: ERROR: A log record could not be formatted.")

    def close(self) -> None:
        try:
            self._lines.put_nowait(None)
            self._thread.join(_FLUSH_S)
        except queue.Full:
            pass
        super().close()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                os.write(2, f"{line}\n".encode("utf-8", "backslashreplace"))
            except OSError:
                return
