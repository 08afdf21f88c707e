"""Which request of a document goes on: the newest, because only it is about what is on screen."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Superseded(Exception):
    """A newer request for the same document has taken this one's place."""


class Scheduler:
    """Runs at most one request for each document."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def run(self, uri: str, work: Coroutine[Any, Any, Result]) -> Result:
        """Run `work`, ending whatever ran for `uri`; raises Superseded when that befalls it.

        Cancelling the caller cancels `work`.
        """
        task = asyncio.ensure_future(work)
        previous = self._running.get(uri)
        self._running[uri] = task
        if previous is not None:
            previous.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            if self._running.get(uri) is not task:
                raise Superseded from None
            task.cancel()
            raise
        finally:
            if self._running.get(uri) is task:
                del self._running[uri]
