"""A secret that was found in a text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(str, Enum):
    """What a secret is, in the classes by which StarCoder2's training data was redacted.

    Names of persons are a class there too. Nothing here looks for them: without a language model
    they cannot be told from the names of anything else.
    """

    EMAIL = "email"
    KEY = "key"
    PASSWORD = "password"


@dataclass(frozen=True, slots=True)
class Secret:
    """The chars of a text from `start` up to `end`."""

    start: int
    end: int
    kind: Kind
