"""The addresses of a host by its name, asked in a thread that nobody has to wait for.

The system's resolver cannot be called off: one that does not answer holds its caller for up to a
minute. In a thread of the event loop's pool it would hold others' work, and the end of the process.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress

from sc2_lsp.ports import Clock

FRESH_S = 60.0
"""How long an answer is taken for true; for longer, where no new one is to be had."""


class Names:
    """Owns what is known of names. Belongs to one event loop; one thread at a time a name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[tuple[str, ...], float]] = {}
        self._asked: dict[str, asyncio.Future[tuple[str, ...]]] = {}

    async def addresses(self, host: str, patience_s: float) -> tuple[str, ...]:
        """Numeric addresses of `host`, at least one; raises OSError and asyncio.TimeoutError."""
        known, at_s = self._known.get(host, ((), 0.0))
        if known and self._clock() - at_s < FRESH_S:
            return known
        asked = self._asked.get(host) or self._ask(host)
        try:
            found = await asyncio.wait_for(asyncio.shield(asked), patience_s)
        except (OSError, asyncio.TimeoutError):
            if known:
                return known
            raise
        self._known[host] = (found, self._clock())
        return found

    def prefer(self, host: str, address: str) -> None:
        """Name `address`, which has answered, before the others from now on."""
        known, at_s = self._known.get(host, ((), 0.0))
        if known and known[0] != address:
            others = (other for other in known if other != address)
            self._known[host] = ((address, *others), at_s)

    def forget(self, host: str) -> None:
        """Ask anew the next time: nobody answers at what is known."""
        self._known.pop(host, None)

    def _ask(self, host: str) -> asyncio.Future[tuple[str, ...]]:
        loop = asyncio.get_running_loop()
        asked: asyncio.Future[tuple[str, ...]] = loop.create_future()
        # Nobody may be there any more when it fails.
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._asked[host] = asked

        def settle(found: tuple[str, ...], error: OSError | None) -> None:
            self._asked.pop(host, None)
            if asked.done():
                return
            if error is None:
                asked.set_result(found)
            else:
                asked.set_exception(error)

        def look_up() -> None:
            found: tuple[str, ...] = ()
            failure: OSError | None = None
            try:
                listed = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                found = tuple(dict.fromkeys(str(entry[4][0]) for entry in listed))
            except (OSError, UnicodeError) as error:
                failure = error if isinstance(error, OSError) else OSError("no name of a host")
            # The loop may have been closed meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, found, failure)

        threading.Thread(target=look_up, name="resolver", daemon=True).start()
        return asked
