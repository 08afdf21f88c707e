"""Whether the speed that `sc2-quantize plan` predicts from a few layers is the whole model's.

In turns, so that whatever else the machine does hits both: the job's own timing of some layers of
noise, and the steps of the whole model, the best of each round. With `--bench` llama.cpp's own
llama-bench takes its turn too. Prints a Markdown table:

    GOMP_SPINCOUNT=3000 python -m benchmarks.planning MODEL.gguf TYPE [--bench PATH/llama-bench]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from quantize import llama, synthetic
from quantize.jobs.quantize import planned
from quantize.jobs.survey import measure
from quantize.layouts import of_model

N_PROMPT = 128
N_STEPS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("type")
    parser.add_argument("--bench", help="llama-bench")
    parser.add_argument("--threads", type=int, default=psutil.cpu_count(logical=False) or 1)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    layout = of_model(arguments.model)
    print("| round | predicted tokens/s | whole model | of it | llama-bench |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    whole = llama.Model(arguments.model, 512, arguments.threads)
    with tempfile.TemporaryDirectory(prefix="sc2-planning-") as name:
        folder = Path(name)
        hollow = folder / "hollow.gguf"
        synthetic.write_hollow(hollow, layout)
        kinds = planned(hollow, arguments.type)
        hollow.unlink()
        for number in range(arguments.rounds):
            speed = measure(layout, kinds, folder, arguments.threads)
            predicted = speed["bytes_per_s"] / synthetic.weight_bytes(layout, kinds)
            measured = _steps_per_s(whole)
            bench = _bench(arguments.bench, arguments.model, arguments.threads)
            cells = [f"{predicted:.1f}", f"{measured:.1f}", f"{predicted / measured:.2f}", bench]
            print(f"| {number} | {' | '.join(cells)} |", flush=True)


def _steps_per_s(model: llama.Model) -> float:
    model.evaluate([token % model.n_vocab for token in range(N_PROMPT)], 1)
    steps = []
    for number in range(N_STEPS):
        started_s = time.perf_counter()
        model.evaluate([number], 1, n_past=N_PROMPT + number)
        steps.append(time.perf_counter() - started_s)
    return 1 / min(steps)


def _bench(program: str | None, model: Path, n_threads: int) -> str:
    """What llama-bench says of the same, on average; empty without it."""
    if program is None:
        return ""
    command = [program, "-m", str(model), "-t", str(n_threads), "-r", "1", "-o", "json"]
    command += ["-p", "0", "-n", str(N_STEPS), "-d", str(N_PROMPT)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return f"{json.loads(done.stdout)[0]['avg_ts']:.1f}"


if __name__ == "__main__":
    main()
