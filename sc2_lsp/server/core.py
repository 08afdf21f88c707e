"""What handlers see of the server: the session, the services, and ways to talk to the user."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from sc2_lsp import __version__
from sc2_lsp.completion.service import CompletionService
from sc2_lsp.ports import Clock, Indexes, ManagedEngine
from sc2_lsp.record.journal import Journal
from sc2_lsp.server.protocol import Protocol
from sc2_lsp.server.session import Session
from sc2_lsp.settings import Settings

logger = logging.getLogger(__name__)


class ServerCore(LanguageServer):
    """Owns the session and the tasks that run beside its requests."""

    protocol: Protocol

    def __init__(
        self,
        service: CompletionService,
        engine: ManagedEngine,
        indexes: Indexes,
        journal: Journal,
        settings: Settings,
        clock: Clock,
    ) -> None:
        super().__init__("sc2-lsp", __version__, protocol_cls=Protocol)
        self.service = service
        self.engine = engine
        self.indexes = indexes
        self.journal = journal
        self.clock = clock
        self.session = Session(settings, indexes.excludes)
        self.watches_client = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._exit_code: asyncio.Future[int] | None = None

    @property
    def answering(self) -> str | None:
        """The name of a team's model that answers in place of this machine's; None if none does."""
        name: str | None = getattr(self.engine, "answering", None)
        return name

    def start_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` until it ends or the server does."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish_task)

    def cancel_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()

    def stop(self, exit_code: int) -> None:
        """End the server soon; the first call counts."""
        if self._exit_code is not None and not self._exit_code.done():
            self._exit_code.set_result(exit_code)

    def stopped(self) -> asyncio.Future[int]:
        """The exit code, once somebody called `stop`; belongs to the running event loop."""
        if self._exit_code is None:
            self._exit_code = asyncio.get_running_loop().create_future()
        return self._exit_code

    def tell(self, message: str, kind: types.MessageType) -> None:
        """Show `message` to the user the first time, and put it into the editor's log later."""
        if self.session.is_news(message):
            self.window_show_message(types.ShowMessageParams(kind, message))
        else:
            self.warn(message)

    def warn_once(self, message: str) -> None:
        """Put `message` into the editor's log the first time."""
        if self.session.is_news(message):
            self.warn(message)

    def warn(self, message: str) -> None:
        """Put `message` into the editor's log."""
        self.window_log_message(types.LogMessageParams(types.MessageType.Warning, message))

    def _finish_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.error("A background task failed.", exc_info=error)
