"""One suggestion as it is recorded: what became of it, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Fate(str, Enum):
    """What became of a suggestion; see `offers` for what each means."""

    ACCEPTED = "accepted"
    TYPED = "typed"
    REJECTED = "rejected"
    PASSED = "passed"


class Cause(str, Enum):
    """Where a suggestion came from. CACHE: it was written before somebody asked for it."""

    ENGINE = "engine"
    CACHE = "cache"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one suggestion.

    `given_at_s` is Unix time, `latency_s` the time from the request to the answer. Of its `n_chars`
    characters the first `n_kept` stood in the document in the end; `n_accepted` of them came by
    accepting it, the others by typing or by accepting a part.
    """

    id: str
    given_at_s: float
    language_id: str
    fate: Fate
    cause: Cause
    latency_s: float
    n_chars: int
    n_kept: int
    n_accepted: int = 0
