"""What a check is given and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from sc2_lsp.doctor.probe import Probe
from sc2_lsp.settings import Settings


class State(str, Enum):
    """WARN: it works, but not as well as it could. FAIL: something does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """What was `found`, in one sentence, and what to do about it; no `advice` where all is well."""

    name: str
    state: State
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is looked at.

    `complaints` are about what the command line set; `named_model` is what `--model` or its
    variable says, empty for nothing. `root` is the folder whose index counts, None where the
    current one is gone. `probe` is what a process that loads llama.cpp told of itself and of the
    model's file.
    """

    settings: Settings
    complaints: tuple[str, ...]
    named_model: str
    root: Path | None
    home: Path
    environment: Mapping[str, str]
    probe: Probe


Examine: TypeAlias = Callable[[Situation], Iterable[Check]]
"""One part of `sc2-lsp doctor`. Raises nothing: what cannot be found out is a finding too."""


def ok(name: str, found: str) -> Check:
    return Check(name, State.OK, found)


def warn(name: str, found: str, advice: str) -> Check:
    return Check(name, State.WARN, found, advice)


def fail(name: str, found: str, advice: str) -> Check:
    return Check(name, State.FAIL, found, advice)
