"""How many suggestions become others by copied keys and values, beside what else changes them.

Lines of `argparse` are to be completed after a comment was typed 15 lines above. Each is asked of
an engine that evaluates all behind the comment anew, of one that does so in smaller batches, which
changes nothing but the order of sums, and of one that copies (`shift_tokens`); and the first one is
asked what it writes without the comment. Prints how many differ:

    python -m benchmarks.shifted_texts [--count N]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from sc2_lsp.domain import GenerationRequest, StopRule, Tokens
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings
from sc2_lsp.vocabulary import FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX

N_BEFORE, N_BEHIND, N_AWAY, STEP = 60, 15, 15, 50
FIRST = 200
TYPED = "\n    # Check the given value first."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40)
    lines = Path(argparse.__file__).read_text(encoding="utf-8").split("\n")
    print(asyncio.run(_compared(lines, parser.parse_args().count)))


async def _compared(lines: list[str], count: int) -> str:
    whole, small, shifting = _engine(0, 64), _engine(0, 16), _engine(32, 64)
    differing: Counter[str] = Counter()
    n_shifted = 0
    try:
        for number in range(count):
            before, after = await _prompts(whole, lines, FIRST + STEP * number, number)
            without = (await whole.generate(_request(before))).text
            text = (await whole.generate(_request(after))).text
            batched = (await small.generate(_request(after))).text
            await shifting.generate(_request(before))
            shifted = await shifting.generate(_request(after))
            n_shifted += shifted.n_shifted
            differing["in smaller batches"] += batched != text
            differing["copied"] += shifted.text != text
            differing["copied, and then as without the comment"] += text != shifted.text == without
            differing["without the comment"] += without != text
    finally:
        await asyncio.gather(*(engine.close() for engine in (whole, small, shifting)))
    found = ", ".join(f"{name} {n}" for name, n in differing.items())
    return f"Of {count} texts differ: {found}. Tokens copied: {n_shifted / count:.0f} a prompt."


def _engine(shift_tokens: int, n_ubatch: int) -> EngineClient:
    settings = Settings(
        shift_tokens=shift_tokens, n_threads=1, shared_engine=False, warm_start_mb=0
    )
    return EngineClient(replace(engine_spec(settings), n_ubatch=n_ubatch), time.monotonic)


async def _prompts(
    engine: EngineClient, lines: list[str], at: int, number: int
) -> tuple[Tokens, Tokens]:
    """Without the comment and with it; each place has a first token of its own, so shares none."""
    far, near = "\n".join(lines[at - N_BEFORE : at - N_AWAY]), "\n".join(lines[at - N_AWAY : at])
    cut = lines[at][: len(lines[at]) // 2]
    behind = "\n".join(lines[at + 1 : at + N_BEHIND])
    before, after, suffix = await engine.tokenize(
        [f"{far}\n{near}\n{cut}", f"{far}{TYPED}\n{near}\n{cut}", behind]
    )
    head = (FIRST + number, FIM_PREFIX)
    tail = (FIM_SUFFIX, *suffix, FIM_MIDDLE)
    return (*head, *before, *tail), (*head, *after, *tail)


def _request(tokens: Tokens) -> GenerationRequest:
    return GenerationRequest(tokens, max_tokens=24, deadline_s=60.0, stop=StopRule(1))


if __name__ == "__main__":
    main()
