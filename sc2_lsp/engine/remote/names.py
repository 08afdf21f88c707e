"""The addresses of a host by its name, asked in threads that nobody has to wait for.

The system's resolver cannot be called off: one that does not answer holds its caller for up to a
minute. In a thread of the event loop's pool it would hold others' work, and the end of the process.
Nor does it ask a name server again for seconds, so that one which is back is heard sooner by
whoever asks anew: a look-up that took too long for somebody is joined by another.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass

from sc2_lsp.ports import Clock

FRESH_S = 60.0
"""How long an answer is taken for true; for longer, where no new one is to be had."""

MOST_LOOK_UPS = 8
"""How many threads may ask for one name. Each repeats its question every few seconds."""


@dataclass(eq=False, slots=True)
class _Name:
    """What is known of a name since `at_s`, and who asks for it.

    Of the look-ups that were begun, numbered from 1, `n_out` have not come back, and those up to
    `n_late` have let somebody wait in vain. `found` is what those wait for who ask now.
    """

    known: tuple[str, ...] = ()
    at_s: float = 0.0
    n_begun: int = 0
    n_late: int = 0
    n_out: int = 0
    found: asyncio.Future[tuple[str, ...]] | None = None


class Names:
    """Owns what is known of names. Belongs to one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._names: dict[str, _Name] = {}

    async def addresses(self, host: str, patience_s: float) -> tuple[str, ...]:
        """Numeric addresses of `host`, at least one; raises OSError and asyncio.TimeoutError."""
        name = self._names.setdefault(host, _Name())
        if name.known and self._clock() - name.at_s < FRESH_S:
            return name.known
        found = self._ask(host, name)
        newest = name.n_begun
        try:
            return await asyncio.wait_for(asyncio.shield(found), patience_s)
        except (OSError, asyncio.TimeoutError):
            if not found.done():
                name.n_late = max(name.n_late, newest)
            if name.known:
                return name.known
            raise

    def prefer(self, host: str, address: str) -> None:
        """Name `address`, which has answered, before the others from now on."""
        name = self._names.get(host)
        if name is not None and name.known and name.known[0] != address:
            others = (other for other in name.known if other != address)
            name.known = (address, *others)

    def postpone(self, host: str, address: str) -> None:
        """Name `address`, which keeps still, behind the others from now on."""
        name = self._names.get(host)
        if name is not None and address in name.known:
            others = (other for other in name.known if other != address)
            name.known = (*others, address)

    def forget(self, host: str) -> None:
        """Ask anew the next time: nobody answers at what is known."""
        if host in self._names:
            self._names[host].known = ()

    def _ask(self, host: str, name: _Name) -> asyncio.Future[tuple[str, ...]]:
        """What the next answer will be; another look-up where those under way take too long."""
        loop = asyncio.get_running_loop()
        is_new = name.found is None
        found = name.found or loop.create_future()
        if is_new:
            # Nobody may be there any more when it fails.
            found.add_done_callback(lambda done: done.cancelled() or done.exception())
            name.found = found
        if (is_new or name.n_late == name.n_begun) and name.n_out < MOST_LOOK_UPS:
            name.n_begun += 1
            name.n_out += 1
            asking = (host, name, name.n_begun, loop)
            threading.Thread(
                target=self._look_up, args=asking, name="resolver", daemon=True
            ).start()
        return found

    def _look_up(
        self, host: str, name: _Name, number: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        """In a thread of its own."""
        addresses: tuple[str, ...] = ()
        failure: OSError | None = None
        try:
            listed = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in listed))
        except (OSError, UnicodeError) as error:
            failure = error if isinstance(error, OSError) else OSError("no name of a host")
        # The loop may have been closed meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._settle, name, number, addresses, failure)

    def _settle(
        self, name: _Name, number: int, addresses: tuple[str, ...], failure: OSError | None
    ) -> None:
        name.n_out -= 1
        if failure is None:
            name.known, name.at_s = addresses, self._clock()
        elif number < name.n_begun and name.n_out:
            # One that asks only now may know better than one that gave up.
            return
        found, name.found = name.found, None
        if found is None or found.done():
            return
        if failure is None:
            found.set_result(addresses)
        else:
            found.set_exception(failure)
