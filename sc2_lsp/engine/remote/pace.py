"""How fast a server answers this client, and what to ask of it for that reason: pure.

A server that many use makes everybody wait. A client that notices asks for less: prompts that it
can read at once, and nothing that nobody waits for.
"""

from __future__ import annotations

from sc2_lsp.engine.speed import choose
from sc2_lsp.ports import Clock

# Until the first prompt was read.
_TOKENS_PER_S = 1000.0
_FEWEST_TOKENS = 16
_WEIGHT = 0.3
_BUSY_WAIT_S = 0.15
# What of the time in which a prompt has to be read is this client's: others want to be read too,
# and what is lacking at first is read when the hands rest.
_SHARE = 1 / 3
# What a server was like so long ago says little of it now.
_REMEMBERED_S = 5.0
# But who had to wait then is one of many, who together read more ahead than is ever used.
_SHARED_S = 60.0
_OF_LATE_S = 600.0


class Pace:
    """Prompt tokens a second, and the time that goes by before a prompt is begun, in seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens_per_s = _TOKENS_PER_S
        self._wait_s = 0.0
        self._learned_at_s = clock()
        self._waited_at_s = clock() - _OF_LATE_S
        self._refused_until_s = clock()

    @property
    def wait_s(self) -> float:
        is_recent = self._clock() - self._learned_at_s < _REMEMBERED_S
        return self._wait_s if is_recent else 0.0

    @property
    def is_busy(self) -> bool:
        """Whether to leave it alone with what nobody waits for."""
        return self.is_refusing or self.wait_s > _BUSY_WAIT_S

    @property
    def is_shared(self) -> bool:
        """Whether to read nothing long ahead, since it let us wait for others not long ago."""
        return self._clock() - self._waited_at_s < _SHARED_S

    @property
    def has_let_wait(self) -> bool:
        """Whether it has let us wait for others of late, be it as fast as it may now."""
        return self._clock() - self._waited_at_s < _OF_LATE_S

    @property
    def is_refusing(self) -> bool:
        """Whether to ask nothing at all, since it has too much to do and its pause is not over."""
        return self._clock() < self._refused_until_s

    def learn(self, n_evaluated: int, prompt_s: float, answered_s: float) -> None:
        """A prompt: tokens read, the time that took, and until the first of the answer came.

        A server that tells no times of its own, so `prompt_s` is 0, is taken not to let anybody
        wait.
        """
        if n_evaluated >= _FEWEST_TOKENS:
            tokens_per_s = n_evaluated / max(prompt_s or answered_s, 1e-3)
            self._tokens_per_s += _WEIGHT * (tokens_per_s - self._tokens_per_s)
        wait_s = max(answered_s - prompt_s, 0.0) if prompt_s else 0.0
        if wait_s > _BUSY_WAIT_S:
            self._waited_at_s = self._clock()
        self._wait_s = self.wait_s + _WEIGHT * (wait_s - self.wait_s)
        self._learned_at_s = self._clock()

    def expected_s(self, n_missing: int) -> float:
        """How long it takes to read so many tokens, the wait included."""
        return self.wait_s + n_missing / self._tokens_per_s

    def refused(self, pause_s: float) -> None:
        """It has too much to do, and is not asked for so many seconds, as others have decided."""
        self._waited_at_s = self._clock()
        self._refused_until_s = self._clock() + pause_s

    def choose(self, n_missing: list[int], budget_s: float) -> int:
        """The first prompt that is read within the budget, else the one with the least to read."""
        return choose(n_missing, self._tokens_per_s, max(_SHARE * budget_s - self.wait_s, 0.0))
