"""What the ways of watching a root have in common."""

from __future__ import annotations

from typing import Protocol

EVERYTHING = ""
"""The path that stands for the root: anything below it may have changed."""


class RootGone(Exception):
    """The root was removed or renamed."""


class Exhausted(Exception):
    """The system does not tell about so many folders."""


class Source(Protocol):
    """Tells what changed below a root. Belongs to one thread, but for `wake`."""

    def wait(self, timeout_s: float | None) -> set[str]:
        """Paths that changed, a folder for all below it; none after `timeout_s` or `wake`."""
        ...

    def wake(self) -> None:
        """Have every `wait` from now on return at once; may be called from any thread."""
        ...

    def close(self) -> None: ...
