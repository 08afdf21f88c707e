"""What flash attention costs and saves on this machine, with and without other files in the cache.

One KV cache holds all files. The cells of the others are masked: attention without flash attention
computes them all the same. To fill the cache quickly, the state of a few tokens is copied to other
positions and sequences; what they say does not matter for time. Time is the processor time of the
whole process, which a busy machine disturbs less than the clock. Prints a Markdown table:

    python -m benchmarks.flash_attention [--model MODEL.gguf]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from dataclasses import replace

# Threads that spin while they wait would count as work.
os.environ.setdefault("GOMP_SPINCOUNT", "0")

from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.llama import LlamaModel
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings

N_BLOCK = 512
N_OWN_BLOCKS = (1, 7)
N_OTHER_BLOCKS = (0, 8, 15)
N_STEPS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="")
    model = parser.parse_args().model
    print(
        "| model | flash attention | own tokens | of others | step, CPU ms | prompt token, CPU ms |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for flash_attention in ("on", "off"):
        spec = replace(
            engine_spec(Settings(model=model)),
            flash_attention=flash_attention,
            n_cells=N_BLOCK * (N_OWN_BLOCKS[-1] + N_OTHER_BLOCKS[-1] + 1),
            warm_start_mb=0,
        )
        _Bench(LlamaModel(spec, AbortFlag()), spec.n_ubatch).run(flash_attention)


class _Bench:
    def __init__(self, model: LlamaModel, n_ubatch: int) -> None:
        self._model = model
        self._n_ubatch = n_ubatch
        self._rng = random.Random(1)

    def run(self, flash_attention: str) -> None:
        model, n_own, n_other = self._model, 0, 0
        for start in range(0, N_BLOCK, self._n_ubatch):
            self._evaluate(start, min(self._n_ubatch, N_BLOCK - start))
        block = model.state(0)
        for n_wanted_own in N_OWN_BLOCKS:
            for number in range(n_own or 1, n_wanted_own):
                at = number * N_BLOCK
                model.set_state(1, block)
                model.move(1, 0, N_BLOCK, at)
                model.copy(1, 0, at, at + N_BLOCK)
                model.remove(1, 0, -1)
            n_own = n_wanted_own
            for n_wanted_other in N_OTHER_BLOCKS:
                for number in range(n_other, n_wanted_other):
                    model.set_state(number + 2, block)
                n_other = n_wanted_other
                # The first evaluation after a move turns the moved keys.
                self._measure(n_own * N_BLOCK, 1)
                steps = [self._measure(n_own * N_BLOCK, 1) for _ in range(N_STEPS)]
                batches = [self._measure(n_own * N_BLOCK, self._n_ubatch) for _ in range(2)]
                print(
                    f"| {model.info.name} | {flash_attention} | {n_own * N_BLOCK} "
                    f"| {n_other * N_BLOCK} | {1000 * statistics.median(steps):.1f} "
                    f"| {1000 * min(batches) / self._n_ubatch:.1f} |",
                    flush=True,
                )
            for number in range(n_other):
                model.remove(number + 2, 0, -1)
            n_other = 0

    def _measure(self, start: int, n_tokens: int) -> float:
        spent_s = self._evaluate(start, n_tokens)
        self._model.remove(0, start, -1)
        return spent_s

    def _evaluate(self, start: int, n_tokens: int) -> float:
        tokens = [self._rng.randrange(100, 8000) for _ in range(n_tokens)]
        started_s = time.process_time()
        self._model.evaluate(0, start, tokens, 1, abortable=False)
        self._model.logits(-1)
        return time.process_time() - started_s


if __name__ == "__main__":
    main()
