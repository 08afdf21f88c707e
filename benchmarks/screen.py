"""What a person saw of suggestions while typing."""

from __future__ import annotations

import time
from collections.abc import Callable


class Screen:
    """Whether a suggestion stood there before the next key, and after how long. Milliseconds."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._pressed_s: float | None = None
        self.n_keys = 0
        self.shown_ms: list[float] = []

    def key(self) -> None:
        """A key was pressed: what was shown for the one before it is gone."""
        self.n_keys += 1
        self._pressed_s = self._clock()

    def show(self) -> None:
        """A suggestion is shown; only the first one behind a key counts."""
        if self._pressed_s is not None:
            self.shown_ms.append((self._clock() - self._pressed_s) * 1000)
            self._pressed_s = None
