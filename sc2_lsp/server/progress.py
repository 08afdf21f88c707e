"""Bars in the editor that show how far the index of a folder is, for editors that draw them.

One that is done at once is never shown.
"""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import Future
from typing import Any

from lsprotocol import types

from sc2_lsp.domain import IndexProgress
from sc2_lsp.server.core import ServerCore

SHOWN_AFTER_S = 0.5


class ProgressBars:
    """Owns the bar of each folder."""

    def __init__(self, ls: ServerCore) -> None:
        self._ls = ls
        self._bars: dict[str, _Bar] = {}

    def show(self, progress: IndexProgress) -> None:
        """Begin, move or end the bar of a folder."""
        window = self._ls.client_capabilities.window
        if window is None or not window.work_done_progress:
            return
        if progress.is_done:
            if bar := self._bars.pop(progress.root, None):
                bar.end(progress)
            return
        if progress.root not in self._bars:
            self._bars[progress.root] = _Bar(self._ls, progress)
        self._bars[progress.root].move(progress)


class _Bar:
    """Owns what the editor knows of one bar."""

    def __init__(self, ls: ServerCore, progress: IndexProgress) -> None:
        self._ls = ls
        self._token = str(uuid.uuid4())
        self._progress = progress
        self._percentage = 0
        self._has_begun = False
        self._waiting = asyncio.get_running_loop().call_later(SHOWN_AFTER_S, self._create)

    def move(self, progress: IndexProgress) -> None:
        self._progress = progress
        # It may not fall, and files are found while others are read already.
        percentage = max(progress.n_done * 100 // max(progress.n_total, 1), self._percentage)
        if percentage > self._percentage:
            self._percentage = percentage
            if self._has_begun:
                self._tell(
                    types.WorkDoneProgressReport(percentage=percentage, message=self._message)
                )

    def end(self, progress: IndexProgress) -> None:
        self._progress = progress
        self._waiting.cancel()
        if self._has_begun:
            self._has_begun = False
            self._tell(types.WorkDoneProgressEnd(message=f"{progress.n_done:,} files"))

    def _create(self) -> None:
        created = self._ls.protocol.send_request(
            types.WINDOW_WORK_DONE_PROGRESS_CREATE, types.WorkDoneProgressCreateParams(self._token)
        )
        created.add_done_callback(self._begin)

    def _begin(self, created: Future[Any]) -> None:
        if self._progress.is_done or created.cancelled() or created.exception() is not None:
            return
        self._has_begun = True
        name = self._progress.root.rstrip("/").rpartition("/")[2]
        self._tell(
            types.WorkDoneProgressBegin(
                title=f"Indexing {name}",
                percentage=self._percentage,
                message=self._message,
                cancellable=False,
            )
        )

    @property
    def _message(self) -> str:
        if not self._progress.n_total:
            return "looking for files"
        return f"{self._progress.n_done:,} of {self._progress.n_total:,} files"

    def _tell(self, value: object) -> None:
        self._ls.protocol.notify(types.PROGRESS, types.ProgressParams(self._token, value))
