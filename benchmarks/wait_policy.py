"""What OpenMP's wait policy costs an engine, on idle cores and on cores that others want too.

Runs the engine process under each policy in turn, several rounds, so that whatever else the machine
does falls on all of them alike. Prints a Markdown table:

    python -m benchmarks.wait_policy [--model MODEL.gguf] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

import psutil

from sc2_lsp.domain import EngineSpec, GenerationRequest, StopRule
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import BUNDLED_MODEL

# What the engine's environment says; an empty value is one that OpenMP ignores.
POLICIES: dict[str, dict[str, str]] = {
    "OpenMP's default": {"OMP_WAIT_POLICY": "", "GOMP_SPINCOUNT": ""},
    "passive": {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": ""},
    "spin 1000": {"OMP_WAIT_POLICY": "", "GOMP_SPINCOUNT": "1000"},
    "spin 3000": {"OMP_WAIT_POLICY": "", "GOMP_SPINCOUNT": "3000"},
    "spin 10000": {"OMP_WAIT_POLICY": "", "GOMP_SPINCOUNT": "10000"},
    "spin 30000": {"OMP_WAIT_POLICY": "", "GOMP_SPINCOUNT": "30000"},
}
N_PROMPT = 256
N_GENERATED = 16
N_CORES = psutil.cpu_count(logical=False) or 1


@dataclass(frozen=True, slots=True)
class Sample:
    """Milliseconds for a prompt of N_PROMPT tokens and for each generated token."""

    prompt_ms: float
    token_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=str(BUNDLED_MODEL))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    samples: dict[tuple[bool, str], list[Sample]] = {}
    for _ in range(arguments.rounds):
        for is_busy in (False, True):
            for policy in POLICIES:
                with _competitors(N_CORES if is_busy else 0), _wait_policy(policy):
                    sample = asyncio.run(_measure(arguments.model))
                samples.setdefault((is_busy, policy), []).append(sample)
    _print_table(samples, arguments.rounds)


async def _measure(model: str) -> Sample:
    """The median of a few prompts by a fresh engine."""
    engine = EngineClient(EngineSpec(model, 4096, N_CORES, 0, 64), time.monotonic)
    prompts_ms, tokens_ms = [], []
    try:
        for start in range(100, 400, 100):
            tokens = tuple(start + index for index in range(N_PROMPT))
            request = GenerationRequest(tokens, N_GENERATED, 60.0, StopRule(max_lines=100))
            got = await engine.generate(request)
            prompts_ms.append(got.prompt_s * 1000)
            tokens_ms.append(got.generate_s * 1000 / max(got.n_generated, 1))
    finally:
        await engine.close()
    return Sample(statistics.median(prompts_ms), statistics.median(tokens_ms))


@contextmanager
def _wait_policy(policy: str) -> Iterator[None]:
    """Run child processes under `policy`."""
    os.environ.update(POLICIES[policy])
    try:
        yield
    finally:
        for name in POLICIES[policy]:
            del os.environ[name]


@contextmanager
def _competitors(n_processes: int) -> Iterator[None]:
    """Processes that want a core each, as a compiler run does."""
    processes = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(n_processes)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def _burn() -> None:
    # A session of its own, as another terminal has: schedulers may share out time by sessions.
    if hasattr(os, "setsid"):
        os.setsid()
    while True:
        sum(range(10_000))


def _print_table(samples: dict[tuple[bool, str], list[Sample]], rounds: int) -> None:
    print("| cores | waiting | prompt ms | ms a token |")
    print("| --- | --- | ---: | ---: |")
    for (is_busy, policy), taken in samples.items():
        prompt_ms = statistics.median(sample.prompt_ms for sample in taken)
        token_ms = statistics.median(sample.token_ms for sample in taken)
        cores = "wanted by others too" if is_busy else "idle"
        print(f"| {cores} | {policy} | {prompt_ms:.1f} | {token_ms:.2f} |")
    print(
        f"\nMedian of {rounds} rounds; prompt of {N_PROMPT} tokens, {N_GENERATED} generated, "
        f"{N_CORES} threads; llama-cpp-python {version('llama-cpp-python')}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}."
    )


if __name__ == "__main__":
    main()
