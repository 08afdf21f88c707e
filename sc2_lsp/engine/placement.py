"""Where the layers of a model go: what to try when it is loaded, and what to tell the user of it.

Decisions alone; `loading` carries them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sc2_lsp.engine.fit import ModelShape, Use, fallbacks, gpu_layers

_GIB = 1 << 30
_MORE_THAN_ANY_MODEL = 999


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU; `handle` is llama.cpp's own. One without memory of its own uses the main memory."""

    name: str
    handle: int
    free_bytes: int
    has_own_memory: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """So many layers on GPUs, and on which; an empty `split` leaves that to llama.cpp."""

    n_gpu_layers: int
    split: tuple[int, ...] = ()


def placements(
    shape: ModelShape | None,
    use: Use,
    gpus: Sequence[Gpu] | None,
    available_bytes: int,
    wanted: int,
) -> tuple[Placement, ...]:
    """What to try, best first; the last one needs no GPU.

    `wanted` is the number of layers that the user asks for, -1 for all that fit. `shape` and `gpus`
    are None where they are unknown: then llama.cpp itself has to find out what fits.
    """
    if not wanted or (gpus is not None and not gpus):
        return (Placement(0),)
    if shape is None or gpus is None:
        return Placement(_MORE_THAN_ANY_MODEL if wanted < 0 else wanted), Placement(0)
    free = [gpu.free_bytes or available_bytes for gpu in gpus]
    n_most = sum(gpu_layers(shape, use, free, wanted))
    return tuple(Placement(n, gpu_layers(shape, use, free, n)) for n in fallbacks(n_most))


def in_main_memory(use: Use, placement: Placement, gpus: Sequence[Gpu] | None) -> Use:
    """`use` with those layers on a GPU that take no main memory there."""
    if gpus and all(gpu.has_own_memory for gpu in gpus):
        return replace(use, n_gpu_layers=placement.n_gpu_layers)
    return use


def notice(
    shape: ModelShape | None, gpus: Sequence[Gpu] | None, wanted: int, placement: Placement
) -> str:
    """A sentence where fewer layers are on a GPU than the user asked for; else empty."""
    if gpus is not None and not gpus:
        if wanted > 0:
            return "This build of llama.cpp uses no GPU: 'n_gpu_layers' has no effect."
        return ""
    if shape is None or gpus is None:
        if wanted and not placement.n_gpu_layers:
            return "The model could not be loaded onto the GPU and runs on the CPU."
        return ""
    n_all = len(shape.layer_bytes) + 1
    n_asked = n_all if wanted < 0 else min(wanted, n_all)
    if placement.n_gpu_layers >= n_asked:
        return ""
    free = " and ".join(f"{gpu.name} ({gpu.free_bytes / _GIB:.1f} GiB free)" for gpu in gpus)
    if not placement.n_gpu_layers:
        return f"The model runs on the CPU alone, for none of its layers fit {free}."
    return (
        f"{placement.n_gpu_layers} of {n_asked} layers of the model fit {free}; the others run on "
        "the CPU."
    )
