"""What `sc2-lsp doctor` looks at, of a user who has nothing yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sc2_lsp.doctor.check import Situation
from sc2_lsp.doctor.probe import Build, Probe
from sc2_lsp.settings import Settings

BUILD = Build(version="0.3.36", system_info="CPU : AVX2 = 1 | ", gpus=())
WELL = Probe(BUILD, "", None)


def situation(home: Path, **changes: Any) -> Situation:
    """A home of its own and a folder of code in it; all is well, unless `changes` say otherwise."""
    root = home / "code"
    root.mkdir(exist_ok=True)
    at_first = Situation(Settings(), (), "", root, home, {"PATH": str(home / "bin")}, WELL)
    return replace(at_first, **changes)
