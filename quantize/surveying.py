"""What this machine is and how fast it computes, measured in a child process."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from quantize.child import Event, run_job
from quantize.layouts import Layout
from quantize.planning import TYPES, Gpu, Machine
from quantize.room import check_room

_NOISE_BYTES = 1_000_000_000
"""What the largest file that is timed may take, with room to spare."""
_COPIED_BYTES = 256 * 1024 * 1024
# Of what copying memory reaches, generating reaches about this share: dequantizing costs, too.
_REACHED_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Survey:
    """The machine, and what `quantize.planning.plan` wants to know of types and speeds."""

    machine: Machine
    found: dict[str, Any]


def survey(
    layouts: Sequence[Layout],
    timed: Layout | None,
    n_threads: int,
    progress: Callable[[int, int], object],
) -> Survey:
    """Ask llama.cpp for sizes, and time `timed` in each type; without it speeds are estimated.

    `progress` gets the steps done and their total. Raises QuantizeError.
    """

    def tell(event: Event) -> None:
        progress(event["done"], event["total"])

    load = psutil.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="sc2-plan-") as folder:
        check_room(Path(folder) / "noise.gguf", _NOISE_BYTES if timed else 0)
        options = {
            "layouts": [layout.options() for layout in layouts],
            "types": TYPES,
            "timed": timed.options() if timed else None,
            "n_threads": n_threads,
            "folder": folder,
        }
        found = run_job("survey", options, tell)
    if timed is None:
        bytes_per_s = _REACHED_SHARE * copied_per_s()
        found["speeds"] = {kind: {"bytes_per_s": bytes_per_s} for kind in TYPES}
    memory = psutil.virtual_memory()
    machine = Machine(
        memory.total,
        memory.available,
        psutil.cpu_count(logical=False) or psutil.cpu_count() or 1,
        tuple(found["features"]),
        tuple(Gpu(**gpu) for gpu in found["gpus"]),
        load,
    )
    return Survey(machine, found)


def copied_per_s() -> float:
    """How many bytes of memory are read in a second by copying them, the best of three times."""
    source = np.ones(_COPIED_BYTES, np.uint8)
    target = np.empty_like(source)
    times = []
    for _ in range(3):
        start_s = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - start_s)
    return _COPIED_BYTES / min(times)
