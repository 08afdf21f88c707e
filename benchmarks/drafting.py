"""What drafting saves, and what it costs where there is nothing to guess from.

Two engines with the same weights, one that drafts and one that does not, continue the same prompts
in turn. `repeated` prompts hold a method three times and break off in the last, `ordinary` ones are
the beginning of a source file, `noise` is random tokens. What a batch costs in steps is measured
too. Time is the processor time of the whole process, which a busy machine disturbs less than the
clock. Prints Markdown tables:

    python -m benchmarks.drafting [--model MODEL.gguf] [--rounds N] [--tokens N]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from dataclasses import replace
from pathlib import Path

# Threads that spin while they wait would count as work.
os.environ.setdefault("GOMP_SPINCOUNT", "0")

from sc2_lsp.domain import Generation, GenerationRequest, StopRule, Tokens
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.drafting import BATCH_SIZES
from sc2_lsp.engine.generation import Job, generate
from sc2_lsp.engine.llama import LlamaModel
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")
METHOD = "def read(self, row):\n" + "".join(
    f'    {name} = row["{name}"].strip().lower()\n    self.{name} = parse_{name}({name})\n'
    for name in NAMES
)
SOURCE = Path(__file__).parents[1] / "sc2_lsp" / "engine" / "cache.py"
KINDS = ("repeated", "ordinary", "noise")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=24)
    arguments = parser.parse_args()
    plain, drafting = _Engine(arguments.model, "never"), _Engine(arguments.model, "auto")
    _print_costs(plain.model, arguments.rounds)
    print("| model | prompts | tokens | steps | drafting | CPU ms a token | drafting | ratio |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind in KINDS:
        rounds = []
        for number in range(arguments.rounds):
            prompt = _prompt(plain.model, kind, number)
            engines = (plain, drafting) if number % 2 else (drafting, plain)
            for engine in engines:
                engine.run(prompt, 0)
            got = {engine.drafting: engine.run(prompt, arguments.tokens) for engine in engines}
            rounds.append((got["never"], got["auto"]))
        _print_row(plain.model.info.name, kind, rounds)


class _Engine:
    def __init__(self, model: str, drafting: str) -> None:
        spec = replace(engine_spec(Settings(model=model)), drafting=drafting, warm_start_mb=0)
        self.drafting = drafting
        self._abort = AbortFlag()
        self.model = LlamaModel(spec, self._abort)

    def run(self, prompt: Tokens, max_tokens: int) -> tuple[Generation, float]:
        """The answer and the processor time it took, in seconds."""
        request = GenerationRequest(prompt, max_tokens, deadline_s=600.0, stop=StopRule(10_000))
        started_s = time.process_time()
        got = generate(self.model, Job(1, request, time.monotonic()), self._abort, time.monotonic)
        return got, time.process_time() - started_s


def _print_costs(model: LlamaModel, n_rounds: int) -> None:
    """The median time of each size of batch at a depth of 256 tokens, in steps."""
    sizes = (1, *BATCH_SIZES)
    rng = random.Random(1)

    def spent_s(start: int, n_tokens: int) -> float:
        tokens = [rng.randrange(100, 8000) for _ in range(n_tokens)]
        started_s = time.process_time()
        model.evaluate(0, start, tokens, n_tokens, abortable=False)
        model.logits(-1)
        return time.process_time() - started_s

    for start in range(0, 256, 64):
        spent_s(start, 64)
    times: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(n_rounds):
        for size in sizes:
            times[size].append(spent_s(256, size))
            model.remove(0, 256, -1)
    model.remove(0, 0, -1)
    step_s = statistics.median(times[1])
    print("| model |" + "".join(f" {size} tokens |" for size in BATCH_SIZES))
    print("| --- |" + " ---: |" * len(BATCH_SIZES))
    costs = (statistics.median(times[size]) / step_s for size in BATCH_SIZES)
    print(f"| {model.info.name} |" + "".join(f" {cost:.2f} |" for cost in costs), end="\n\n")


def _prompt(model: LlamaModel, kind: str, number: int) -> Tokens:
    if kind == "noise":
        rng = random.Random(1)
        return tuple(rng.randrange(100, 8000) for _ in range(300 - 7 * number))
    text = METHOD * 3 if kind == "repeated" else SOURCE.read_text(encoding="utf-8")
    tokens = model.tokenize(text.encode())
    n_tokens = len(tokens) - 20 if kind == "repeated" else 400
    return (6, *tokens[: n_tokens - 7 * number])


def _print_row(
    name: str, kind: str, rounds: list[tuple[tuple[Generation, float], tuple[Generation, float]]]
) -> None:
    """Rounds that ended at once have nothing to compare."""
    rounds = [(plain, draft) for plain, draft in rounds if plain[0].n_steps and draft[0].n_steps]
    costs = [[1000 * spent / got.n_generated for got, spent in pair] for pair in rounds]
    n_tokens = sum(plain[0].n_generated for plain, _ in rounds)
    steps = [sum(pair[mode][0].n_steps for pair in rounds) for mode in (0, 1)]
    medians = [statistics.median(cost[mode] for cost in costs) for mode in (0, 1)]
    ratio = statistics.median(cost[1] / cost[0] for cost in costs)
    print(
        f"| {name} | {kind} | {n_tokens} | {steps[0]} | {steps[1]} | {medians[0]:.1f} "
        f"| {medians[1]:.1f} | {ratio:.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
