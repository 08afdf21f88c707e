"""Writes the record beside the event loop, in the order in which it is told.

The first failure is one line in the log, and nothing is recorded any more by this process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sc2_lsp.record.entry import Entry
from sc2_lsp.record.store import RecordError, Writer, default_file

logger = logging.getLogger(__name__)


class Journal:
    """Owns the thread that writes; touches no disk before there is something to write."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._thread: ThreadPoolExecutor | None = None
        self._writer: Writer | None = None
        self._has_failed = False

    def write(self, entries: Sequence[Entry]) -> None:
        """Record `entries` soon."""
        if not entries:
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="sc2-record")
        self._thread.submit(self._write, entries)

    async def close(self) -> None:
        """Write what is still to be written, and end; later calls of `write` begin anew."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._close)
            thread.shutdown(wait=False)

    def _write(self, entries: Sequence[Entry]) -> None:
        if self._has_failed:
            return
        try:
            if self._writer is None:
                self._writer = Writer(self._file or default_file())
            self._writer.put(entries)
        except RecordError as error:
            self._has_failed = True
            logger.warning("%s", error)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
