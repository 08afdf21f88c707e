"""What llama.cpp would make of a layout on this machine: sizes by type, and speeds.

Options: layouts, types, timed (a layout, or null for no timing), n_threads, folder (for temporary
files). Reports `step` after each file. Sizes are llama.cpp's own: its quantizer is asked for them,
over files that hold no weights.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from quantize import ggml, llama, synthetic
from quantize.jobs.quantize import planned
from quantize.layouts import Layout

_LEAST_BYTES = 384e6
"""What is timed is larger than the caches of most processors."""
_N_PROMPT = 128
_N_STEPS = 16
_FEATURE = re.compile(r"(\w+) = 1")


def run(options: Mapping[str, Any], tell: Callable[..., None]) -> dict[str, Any]:
    """Sizes in bytes by layout and type, seconds by type, GPUs and instruction sets."""
    folder, types = Path(options["folder"]), options["types"]
    layouts = [Layout(**layout) for layout in options["layouts"]]
    timed = Layout(**options["timed"]) if options["timed"] else None
    n_steps = len(layouts) * len(types) + (len(types) if timed else 0)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        tell("step", done=done, total=n_steps)

    sizes: dict[str, dict[str, dict[str, int]]] = {}
    kinds: dict[str, dict[str, dict[str, str]]] = {}
    for layout in layouts:
        hollow = folder / "hollow.gguf"
        synthetic.write_hollow(hollow, layout)
        sizes[layout.name], kinds[layout.name] = {}, {}
        for kind in types:
            found = planned(hollow, kind)
            kinds[layout.name][kind] = found
            sizes[layout.name][kind] = {
                "file": synthetic.file_bytes(layout, found),
                "read": synthetic.weight_bytes(layout, found),
            }
            step()
        hollow.unlink()
    speeds = {}
    if timed:
        for kind in types:
            speeds[kind] = measure(timed, kinds[timed.name][kind], folder, options["n_threads"])
            step()
    return {
        "sizes": sizes,
        "speeds": speeds,
        "gpus": ggml.gpus(),
        "features": _FEATURE.findall(llama.system_info()),
    }


def measure(
    layout: Layout, kinds: Mapping[str, str], folder: Path, n_threads: int
) -> dict[str, float]:
    """Bytes of weights generated through, and weights evaluated of a prompt, in a second."""
    layer = synthetic.weight_bytes(layout.with_layers(1), kinds) - synthetic.weight_bytes(
        layout.with_layers(0), kinds
    )
    n_layers = min(layout.n_layers, max(1, round(_LEAST_BYTES / layer)))
    small = shortened(layout, n_layers)
    path = folder / "noise.gguf"
    synthetic.write_noise(path, small, kinds)
    model = llama.Model(path, 512, n_threads)
    # Who is killed now leaves no gigabyte behind; a system that keeps open files waits till later.
    with suppress(OSError):
        path.unlink()
    prompt = [i % small.n_vocab for i in range(_N_PROMPT)]
    model.evaluate(prompt, 1)
    prompts, steps = [], []
    for _ in range(2):
        start_s = time.perf_counter()
        model.evaluate(prompt, 1)
        prompts.append(time.perf_counter() - start_s)
    for i in range(_N_STEPS):
        start_s = time.perf_counter()
        model.evaluate([i % small.n_vocab], 1, n_past=_N_PROMPT + i)
        steps.append(time.perf_counter() - start_s)
    model.close()
    path.unlink(missing_ok=True)
    n_weights = sum(rows * columns for name, rows, columns in small.matrices() if name[0] == "b")
    return {
        "bytes_per_s": synthetic.weight_bytes(small, kinds) / min(steps),
        "weights_per_s": n_weights * _N_PROMPT / min(prompts),
        "n_layers": n_layers,
    }


def shortened(layout: Layout, n_layers: int) -> Layout:
    """Fewer layers, and a vocabulary as much smaller.

    The output has a type of its own, which takes another time a byte, so it has to have the part of
    the whole that it has in the model.
    """
    n_vocab = max(1, round(layout.n_vocab * n_layers / layout.n_layers))
    return Layout(**{**layout.options(), "n_layers": n_layers, "n_vocab": n_vocab})
