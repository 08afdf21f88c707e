"""Which file of which model this machine should run, from sizes, memory and measured speeds.

Pure: what was found of the machine comes in, rows and one recommendation go out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quantize.layouts import Layout

CONTEXTS = (1024, 4096, 16384)
USED_CONTEXT = 4096
"""StarCoder2 was trained with a window of 4,096 tokens, and llama.cpp applies none beyond."""
# From the best to the smallest. Between neighbours of like size the better one comes first.
TYPES = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "IQ4_XS", "Q4_0", "Q3_K_M")
LEAST_TOKENS_PER_S = 10.0
"""A line of 20 tokens appears in two seconds then."""
_LAST_RESORT = "Q3_K_M"
_VOCABULARY_BYTES = 2e6
_BUFFER_BYTES = 300e6  # what llama.cpp computes in, for a batch of 512 tokens
_MOST_SHARE = 0.75  # of the memory: the editor, the system and a browser want the rest
_MOST_GPU_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU with its memory in bytes; `own` is False where that is the main memory."""

    name: str
    total: int
    free: int
    own: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """Memory in bytes, cores, and what llama.cpp finds and was built for."""

    memory: int
    available: int
    n_cores: int
    features: tuple[str, ...]
    gpus: tuple[Gpu, ...]
    load: float = 0.0
    """How many programs wanted to compute, on average over the last minute, before it was timed."""


@dataclass(frozen=True, slots=True)
class Row:
    """A layout in a type. Sizes in bytes, speeds in tokens per second, None where unknown.

    `memory` is what `USED_CONTEXT` tokens take in all: the file, the KV cache, the buffers.
    """

    layout: str
    type: str
    file: int
    kv: dict[int, int]
    memory: int
    fits: bool
    fits_gpu: bool
    generated_per_s: float | None
    prompt_per_s: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All rows, the one to take, if any, and why, as sentences."""

    rows: tuple[Row, ...]
    choice: Row | None
    reason: str


def plan(layouts: Sequence[Layout], machine: Machine, survey: Mapping[str, Any]) -> Plan:
    """The rows for each layout and type of `survey`, which `quantize.jobs.survey` found."""
    rows = tuple(
        _row(layout, kind, sizes, survey["speeds"].get(kind, {}), machine)
        for layout in layouts
        for kind, sizes in survey["sizes"][layout.name].items()
    )
    return Plan(rows, *_choose(rows, machine))


def _row(
    layout: Layout,
    kind: str,
    sizes: Mapping[str, int],
    speed: Mapping[str, float],
    machine: Machine,
) -> Row:
    file = round(sizes["file"] + _VOCABULARY_BYTES)
    kv = {n_tokens: layout.kv_bytes(n_tokens) for n_tokens in CONTEXTS}
    memory = round(file + layout.kv_bytes(USED_CONTEXT) + _BUFFER_BYTES)
    n_weights = sum(n * m for name, n, m in layout.matrices() if name.startswith("blk."))
    with_own = [gpu for gpu in machine.gpus if gpu.own]
    fits_gpu = any(memory <= _MOST_GPU_SHARE * gpu.free for gpu in with_own)
    # What was timed on a GPU says nothing of what has to stay outside it.
    speed = {} if with_own and not fits_gpu else speed
    return Row(
        layout.name,
        kind,
        file,
        kv,
        memory,
        fits=memory <= _MOST_SHARE * machine.memory,
        fits_gpu=fits_gpu,
        generated_per_s=speed["bytes_per_s"] / sizes["read"] if speed else None,
        prompt_per_s=speed["weights_per_s"] / n_weights if "weights_per_s" in speed else None,
    )


def _choose(rows: Sequence[Row], machine: Machine) -> tuple[Row | None, str]:
    """The best type of the largest model that fits and is quick enough, and why."""
    fitting = [row for row in rows if row.fits or row.fits_gpu]
    least = min(rows, key=lambda row: row.memory)
    if not fitting:
        return None, (
            f"None fits: even {_named(least)} takes {_gb(least.memory)} with {USED_CONTEXT} tokens "
            f"of context, and {_MOST_SHARE:.0%} of this machine's memory are "
            f"{_gb(_MOST_SHARE * machine.memory)}. Use a machine with more, or a remote engine."
        )
    quick = [
        row for row in fitting if row.generated_per_s and row.generated_per_s >= LEAST_TOKENS_PER_S
    ]
    on_gpu = [row for row in fitting if row.fits_gpu]
    if not quick and all(row.generated_per_s is None for row in fitting):
        # Rows go from the smallest model to the largest, and from the best type down.
        model = (on_gpu or fitting)[0].layout
        row = next(row for row in (on_gpu or fitting) if row.layout == model)
        return row, f"{_named(row)} is the best type of the smallest model that fits; not timed."
    # Below four bits a larger model has lost what it had over a smaller one.
    quick = [row for row in quick if row.type != _LAST_RESORT] or quick
    if quick:
        largest = quick[-1].layout
        row = next(row for row in quick if row.layout == largest)
        why = f"writes about {row.generated_per_s:.0f} tokens/s, at least {LEAST_TOKENS_PER_S:.0f}"
        where = "the GPU's memory" if row.fits_gpu else "memory"
        reason = f"{_named(row)} is the best that fits into {where} and {why}."
    else:
        row = max(fitting, key=lambda row: row.generated_per_s or 0)
        reason = (
            f"{_named(row)} is the quickest that fits, at about {row.generated_per_s:.1f} tokens/s;"
            f" for lines as one types {LEAST_TOKENS_PER_S:.0f} would be needed: a GPU or a remote "
            "engine would help."
        )
    if not row.fits_gpu and row.memory > machine.available:
        reason += (
            f" It needs {_gb(row.memory)}, and {_gb(machine.available)} are free now: close "
            "something first."
        )
    return row, reason


def _named(row: Row) -> str:
    return f"{row.layout} in {row.type}"


def _gb(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB"
