"""How soon the first suggestion comes after a restart, with and without a saved KV state.

Each round starts an engine on an empty folder, asks for a suggestion behind a long prompt (cold),
ends the engine, which saves its state, starts another one and asks again with a few more tokens
typed (warm). Both times count from the moment at which the weights are loaded; the prompt's part
of a warm one holds reading the state. Prints a Markdown table:

    python -m benchmarks.warm_start --model MODEL.gguf [--tokens N] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, StopRule, Tokens
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings

N_TYPED = 5
N_SUGGESTED = 8


@dataclass(frozen=True, slots=True)
class Start:
    """One start of an engine: its times in seconds, and what the first suggestion cost."""

    load_s: float
    suggestion_s: float
    end_s: float
    generation: Generation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--tokens", type=int, default=3500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    asyncio.run(_run(engine_spec(Settings(model=arguments.model)), arguments))


async def _run(spec: EngineSpec, arguments: argparse.Namespace) -> None:
    rng = random.Random(1)
    cold, warm, sizes = [], [], []
    for _ in range(arguments.rounds):
        prompt = tuple(rng.randrange(100, 8000) for _ in range(arguments.tokens))
        typed = tuple(rng.randrange(100, 8000) for _ in range(N_TYPED))
        with tempfile.TemporaryDirectory() as folder:
            here = replace(spec, cache_folder=folder)
            cold.append(await _start(here, prompt))
            sizes.append(_size(Path(folder)))
            warm.append(await _start(here, (*prompt, *typed)))
    print("| start | evaluated | load s | prompt s | first suggestion s | end s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    _print_row("cold", cold)
    _print_row("warm", warm)
    ratio = statistics.median(
        before.suggestion_s / after.suggestion_s for before, after in zip(cold, warm, strict=True)
    )
    print()
    print(
        f"The first suggestion comes {ratio:.0f} times sooner (median of {arguments.rounds} "
        f"rounds). {Path(spec.model_path).name}, {arguments.tokens} tokens of prompt, "
        f"{N_TYPED} typed, {N_SUGGESTED} suggested; a state of "
        f"{statistics.median(sizes) / 1e6:.0f} MB; {platform.machine()}, llama-cpp-python "
        f"{version('llama-cpp-python')}."
    )


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


async def _start(spec: EngineSpec, prompt: Tokens) -> Start:
    """Start an engine, have it suggest something behind `prompt`, and end it."""
    engine = EngineClient(spec, time.monotonic)
    try:
        started_s = time.monotonic()
        await engine.describe()
        loaded_s = time.monotonic()
        generation = await engine.generate(
            GenerationRequest(prompt, N_SUGGESTED, 600.0, StopRule(max_lines=1000))
        )
        answered_s = time.monotonic()
    finally:
        await engine.close()
    end_s = time.monotonic() - answered_s
    return Start(loaded_s - started_s, answered_s - loaded_s, end_s, generation)


def _print_row(name: str, starts: Sequence[Start]) -> None:
    evaluated = [start.generation.n_evaluated for start in starts]
    print(
        f"| {name} | {statistics.median(evaluated):.0f} tokens "
        f"| {statistics.median(start.load_s for start in starts):.2f} "
        f"| {statistics.median(start.generation.prompt_s for start in starts):.2f} "
        f"| {statistics.median(start.suggestion_s for start in starts):.2f} "
        f"| {statistics.median(start.end_s for start in starts):.2f} |"
    )


if __name__ == "__main__":
    main()
