"""Which of a team's servers a session asks.

It stays with one, since each holds the prompts that it has read: until that one is away, or lets
it wait much longer than another would.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.ports import Engine

# How long the others may take to be compared with the first that answers.
_GRACE_S = 0.05
# Among servers as good as that, chance spreads the sessions.
_AS_GOOD = 2.0
_AS_GOOD_S = 0.02
# A server has to be so much faster to be worth reading everything anew.
_MUCH_FASTER = 0.5


class Several:
    """Owns the engines of one server or more. Belongs to one event loop."""

    def __init__(
        self, remotes: Sequence[RemoteEngine], spread: Callable[[], float] = random.random
    ) -> None:
        self._remotes = tuple(remotes)
        self._spread = spread
        self._current = self._remotes[0]

    @property
    def current(self) -> RemoteEngine:
        """The one that is asked, or was the last time."""
        return self._current

    @property
    def is_ready(self) -> bool:
        """Whether there is one that can be asked."""
        return any(remote.is_ready for remote in self._remotes)

    def problems(self) -> list[str]:
        """Why each is not asked now, in the order of the setting; empty for one that is."""
        return [remote.problem for remote in self._remotes]

    def try_again(self) -> None:
        """Begin attempts in the background with those that are not known, if it is time."""
        for remote in self._remotes:
            if remote is self._current or not remote.is_ready:
                remote.try_again()

    async def choose(self, instead_of: Engine | None) -> RemoteEngine | None:
        """The server for one request, not `instead_of`; None where none answers."""
        current = self._current
        is_usable = current is not instead_of and current.is_ready and await current.ready()
        others = [one for one in self._remotes if one not in (current, instead_of)]
        if is_usable and not (current.standing.is_slow and others):
            return current
        asked = others if is_usable or current is instead_of else list(self._remotes)
        found = self._least(await _ready(asked))
        if is_usable and (found is None or not self._is_worth_it(current, found)):
            return current
        self._current = found or current
        return found

    async def close(self) -> None:
        await asyncio.gather(*(remote.close() for remote in self._remotes))

    def _least(self, remotes: Sequence[RemoteEngine]) -> RemoteEngine | None:
        """The least loaded one, by what it let wait, or one of those that are as good."""
        if not remotes:
            return None
        best_s = min(remote.standing.expected_s for remote in remotes)
        most_s = _AS_GOOD * best_s + _AS_GOOD_S
        good = [remote for remote in remotes if remote.standing.expected_s <= most_s]
        return good[min(int(self._spread() * len(good)), len(good) - 1)]

    def _is_worth_it(self, current: RemoteEngine, other: RemoteEngine) -> bool:
        return other.standing.expected_s < _MUCH_FASTER * current.standing.expected_s


async def _ready(remotes: Sequence[RemoteEngine]) -> list[RemoteEngine]:
    """Those that can be asked: the first that answers, and who is not much later."""
    if len(remotes) == 1:
        return [remote for remote in remotes if await remote.ready()]
    asking = {asyncio.ensure_future(remote.ready()): remote for remote in remotes}
    try:
        pending = set(asking)
        while pending and not any(_is_true(task) for task in asking):
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        if pending:
            await asyncio.wait(pending, timeout=_GRACE_S)
        return [remote for task, remote in asking.items() if _is_true(task)]
    finally:
        for task in asking:
            task.cancel()


def _is_true(task: asyncio.Future[bool]) -> bool:
    return task.done() and not task.cancelled() and task.result()
