"""How soon the engine is free again after a request is cancelled inside its prompt.

Cancels at a random moment of a prompt's evaluation, then asks for one token. The time is from the
cancellation to the moment at which that next request is taken up. Prints a Markdown table:

    python -m benchmarks.cancel [--model MODEL.gguf] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import random
import statistics
import time
from contextlib import suppress
from importlib.metadata import version

from sc2_lsp.domain import GenerationRequest, StopRule, Tokens
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings

N_PROMPT = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="")
    parser.add_argument("--rounds", type=int, default=100)
    arguments = parser.parse_args()
    asyncio.run(_run(Settings(model=arguments.model), arguments.rounds))


async def _run(settings: Settings, rounds: int) -> None:
    engine = EngineClient(engine_spec(settings), time.monotonic)
    rng = random.Random(1)
    freed_ms = []
    n_ended_before = 0
    try:
        info = await engine.describe()
        whole_s = (await engine.generate(_request(_tokens(0)))).prompt_s
        for number in range(1, rounds + 1):
            running = asyncio.ensure_future(engine.generate(_request(_tokens(number))))
            await asyncio.sleep(rng.uniform(0.1, 0.9) * whole_s)
            cancelled_s = time.monotonic()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
                n_ended_before += 1
                continue
            after = await engine.generate(_request((100, 101)))
            own_s = after.prompt_s + after.generate_s
            freed_ms.append((time.monotonic() - cancelled_s - own_s) * 1000)
    finally:
        await engine.close()
    ordered = sorted(freed_ms)
    print("| model | n_ubatch | prompt ms | cancelled | free after ms, p50 | p95 | max |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    print(
        f"| {info.name}, {info.n_params / 1e6:.1f} M | {settings.n_ubatch} "
        f"| {whole_s * 1000:.0f} | {len(ordered)} | {statistics.median(ordered):.1f} "
        f"| {ordered[int(0.95 * (len(ordered) - 1))]:.1f} | {ordered[-1]:.1f} |"
    )
    print(
        f"\nPrompt of {N_PROMPT} tokens, {n_ended_before} requests had ended before they were "
        f"cancelled; llama-cpp-python {version('llama-cpp-python')}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}."
    )


def _tokens(number: int) -> Tokens:
    """A prompt that shares no beginning with that of another number."""
    return tuple(100 + (number * 7919 + index * 31) % 3000 for index in range(N_PROMPT))


def _request(tokens: Tokens) -> GenerationRequest:
    return GenerationRequest(tokens, max_tokens=1, deadline_s=600.0, stop=StopRule(max_lines=1))


if __name__ == "__main__":
    main()
