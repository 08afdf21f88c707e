"""Prompt and generation speed of our engine beside llama-bench, on one model and in one run.

Takes turns with llama-bench, round by round, so that whatever else the machine does falls on both
alike: a prompt at depth 0, then generation at a depth of context, with equal threads, batches and
flash attention. Prints a Markdown table:

    python -m benchmarks.decode --llama-bench PATH [--model MODEL.gguf] [--depth N] [--rounds N]

Only the same llama.cpp is a fair peer. To build its llama-bench from llama-cpp-python's source
distribution, unpack it and run in vendor/llama.cpp:

    cmake -B build -DCMAKE_BUILD_TYPE=Release -DLLAMA_BUILD_TESTS=OFF
    cmake --build build --target llama-bench
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import psutil

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, StopRule, Tokens
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS

N_CORES = psutil.cpu_count(logical=False) or 1
# Tokens that every StarCoder2 vocabulary has, the bundled model's included.
N_ORDINARY = 8000
# With random weights a generation may end at a token that is no text, and another one is tried.
MOST_TRIES = 20
ENDLESS = StopRule(max_lines=100_000)
# The engine's own, so that both wait for their threads in the same way.
SPIN = {"GOMP_SPINCOUNT": "3000"}


@dataclass(frozen=True, slots=True)
class Setup:
    """What both are told. `flash_attention` is on or off."""

    model_path: str
    llama_bench: str
    n_prompt: int
    n_generated: int
    depth: int
    n_threads: int
    n_ubatch: int
    flash_attention: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--llama-bench", required=True)
    parser.add_argument("--model", default="")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt at depth 0")
    parser.add_argument("--generate", type=int, default=8, help="tokens generated at the depth")
    parser.add_argument("--depth", type=int, default=3500)
    parser.add_argument("--threads", type=int, default=N_CORES)
    parser.add_argument("--ubatch", type=int, default=64)
    parser.add_argument("--flash-attention", choices=["on", "off"], default="on")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    setup = Setup(
        engine_spec(Settings(model=given.model)).model_path,
        given.llama_bench,
        given.prompt,
        given.generate,
        given.depth,
        given.threads,
        given.ubatch,
        given.flash_attention,
    )
    asyncio.run(_run(setup, given.rounds))


async def _run(setup: Setup, rounds: int) -> None:
    settings = Settings(
        model=setup.model_path,
        n_ctx=min(16_384, setup.depth + setup.n_prompt + setup.n_generated + 64),
        n_threads=setup.n_threads,
        n_ubatch=setup.n_ubatch,
        flash_attention="on" if setup.flash_attention == "on" else "off",
        warm_start_mb=0,
    )
    spec = replace(engine_spec(settings), drafting="never")
    prompts: list[tuple[float, float]] = []
    generations: list[tuple[float, float]] = []
    numbers = _numbers()
    name = ""
    for _ in range(rounds):
        async with _fresh_engine(spec) as engine:
            name = (await engine.describe()).description
            ours = await _prompt_speed(engine, setup, next(numbers))
        theirs = await asyncio.to_thread(_llama_bench, setup, setup.n_prompt, 0, 0)
        prompts.append((ours, theirs["avg_ts"]))
        async with _fresh_engine(spec) as engine:
            context = _random_tokens(setup.depth - 1, next(numbers))
            # Evaluated once: each prompt begins with it, as a suggestion's does.
            await engine.generate(_request(context, 1))
            ours = await _generation_speed(engine, setup, context, numbers)
        theirs = await asyncio.to_thread(_llama_bench, setup, 0, setup.n_generated, setup.depth)
        generations.append((ours, theirs["avg_ts"]))
    _print_table(setup, name, theirs, prompts, generations)


@asynccontextmanager
async def _fresh_engine(spec: EngineSpec) -> AsyncIterator[EngineClient]:
    """A process of its own, as each of llama-bench's is: where its memory happens to lie makes a
    tenth of the speed."""
    engine = EngineClient(spec, time.monotonic)
    try:
        yield engine
    finally:
        await engine.close()


async def _prompt_speed(engine: EngineClient, setup: Setup, seed: int) -> float:
    """Tokens/s of a prompt of which nothing is in the cache."""
    got = await engine.generate(_request(_random_tokens(setup.n_prompt, seed), 1))
    if got.n_evaluated < setup.n_prompt:
        raise SystemExit(f"Only {got.n_evaluated} prompt tokens were evaluated.")
    return got.n_evaluated / got.prompt_s


async def _generation_speed(
    engine: EngineClient, setup: Setup, context: Tokens, numbers: Iterator[int]
) -> float:
    """Tokens/s of what is generated behind `context` and one token more."""
    longest: Generation | None = None
    for _ in range(MOST_TRIES):
        last = _random_tokens(1, next(numbers))
        # The first token comes with the prompt's logits, so n tokens take n - 1 steps.
        got = await engine.generate(_request(context + last, setup.n_generated + 1))
        if longest is None or got.n_steps > longest.n_steps:
            longest = got
        if got.n_steps == setup.n_generated:
            break
    assert longest is not None
    if longest.n_steps < min(setup.n_generated, 8):
        raise SystemExit(f"The model ends each generation, the longest at {longest.n_steps}.")
    return longest.n_steps / longest.generate_s


def _numbers() -> Iterator[int]:
    """Seeds that no other run has used: an engine may have kept what it generated."""
    number = time.time_ns()
    while True:
        number += 1
        yield number


def _random_tokens(n_tokens: int, seed: int) -> Tokens:
    rng = random.Random(seed)
    return tuple(rng.randrange(N_SPECIAL_TOKENS, N_ORDINARY) for _ in range(n_tokens))


def _request(tokens: Tokens, max_tokens: int) -> GenerationRequest:
    return GenerationRequest(tokens, max_tokens, deadline_s=3600.0, stop=ENDLESS)


def _llama_bench(setup: Setup, n_prompt: int, n_generated: int, depth: int) -> dict[str, Any]:
    """One test of llama-bench, a warm-up before it, as its JSON tells."""
    sizes = ("-p", n_prompt, "-n", n_generated, "-d", depth, "-r", 1)
    equal = ("-t", setup.n_threads, "-ub", setup.n_ubatch, "-fa", setup.flash_attention)
    command = (setup.llama_bench, "-m", setup.model_path, *sizes, *equal, "-o", "json")
    done = subprocess.run(
        [str(word) for word in command],
        env={**SPIN, **os.environ},
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        raise SystemExit(f"llama-bench failed: {lines[-1] if lines else done.returncode}")
    (result,) = json.loads(done.stdout)
    measured: dict[str, Any] = result
    return measured


def _print_table(
    setup: Setup,
    name: str,
    build: dict[str, Any],
    prompts: list[tuple[float, float]],
    generations: list[tuple[float, float]],
) -> None:
    print(f"| {name} | depth | sc2-lsp tokens/s | llama-bench tokens/s | ratio |")
    print("| --- | ---: | ---: | ---: | ---: |")
    rows = (
        (f"prompt of {setup.n_prompt}", 0, prompts),
        (f"generation of {setup.n_generated}", setup.depth, generations),
    )
    for what, depth, pairs in rows:
        ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(our / their for our, their in pairs)
        print(f"| {what} | {depth} | {ours:.1f} | {theirs:.1f} | {ratio:.2f} |")
    print(
        f"\nMedians of {len(prompts)} rounds that took turns, the ratio's of the rounds' ratios; "
        f"{setup.n_threads} threads, n_ubatch {setup.n_ubatch}, flash attention "
        f"{setup.flash_attention}. llama-cpp-python {version('llama-cpp-python')}; llama-bench "
        f"{build['build_commit']} ({build['build_number']}), {build['backends']}, "
        f"{build['cpu_info']}. Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}."
    )


if __name__ == "__main__":
    main()
