"""How long a server has let this client wait lately: pure.

No server tells its load on a page that a gateway leaves open, so its answers have to.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from sc2_lsp.ports import Clock

_MOST = 8
_FEWEST = 5
# What a server was like so long ago says little of it now.
_REMEMBERED_S = 60.0
_SLOW_S = 1.0


class Standing:
    """Seconds until something came, the latest last. `first_s` is the time that a probe took."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answers: deque[tuple[float, float]] = deque(maxlen=_MOST)
        self._written: deque[float] = deque(maxlen=_MOST)
        self.first_s = 0.0

    def add(self, seconds: float) -> None:
        """Somebody waited so long for the first token."""
        self._answers.append((self._clock(), seconds))
        self._written.append(seconds)

    def add_silence(self, seconds: float) -> None:
        """Somebody waited so long and gave up."""
        self._answers.append((self._clock(), seconds))

    def forget(self) -> None:
        """Another server may be there from now on."""
        self._answers.clear()
        self._written.clear()

    @property
    def expected_s(self) -> float:
        """What the next request has to expect."""
        recent = self._recent()
        return median(recent) if recent else self.first_s

    @property
    def usual_s(self) -> float:
        """What three of four answers took at most, however long ago; the probe, where none is."""
        written = sorted(self._written)
        return written[-1 - len(written) // 4] if written else self.first_s

    @property
    def is_slow(self) -> bool:
        """Whether it is worth to see if another is faster."""
        recent = self._recent()
        return len(recent) >= _FEWEST and median(recent) > _SLOW_S

    def _recent(self) -> list[float]:
        since_s = self._clock() - _REMEMBERED_S
        return [seconds for at_s, seconds in self._answers if at_s >= since_s]
