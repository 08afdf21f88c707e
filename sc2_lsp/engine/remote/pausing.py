"""For how long a server that has too much to do is left alone: pure.

As long as it says. One that does not say is left alone for longer each time, and clients do not all
come back at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from sc2_lsp.ports import Clock

Spread = Callable[[], float]
"""A number between 0 and 1 that spreads the attempts of many clients."""

_LEAST_S, _LONGEST_S = 1.0, 30.0
# Spread up to twice that, so that a server that has time again is asked within five seconds.
_LONGEST_UNTOLD_S = 2.0


class Pausing:
    """Owns the pause that is under way, if one is. Seconds."""

    def __init__(self, clock: Clock, spread: Spread = random.random) -> None:
        self._clock = clock
        self._spread = spread
        self._until_s = clock()
        self._untold_s = _LEAST_S

    @property
    def remaining_s(self) -> float:
        """How long nothing is to be asked from now on; 0 where anything may be."""
        return max(0.0, self._until_s - self._clock())

    def begin(self, said: str) -> float:
        """It refused, and `said` for how many seconds it wants no requests; how long that is.

        Something else than whole seconds counts as nothing. A shorter pause than is under way
        already, for another request, changes nothing.
        """
        said = said.strip()
        if said.isascii() and said.isdecimal() and len(said) < 10:
            pause_s = min(max(_LEAST_S, float(said)), _LONGEST_S)
        else:
            pause_s = self._untold_s * (1.0 + self._spread())
            if not self.remaining_s:
                self._untold_s = min(2 * self._untold_s, _LONGEST_UNTOLD_S)
        self._until_s = max(self._until_s, self._clock() + pause_s)
        return self.remaining_s

    def end(self) -> None:
        """It has taken a prompt: the next pause of which it says nothing is short again."""
        self._untold_s = _LEAST_S
