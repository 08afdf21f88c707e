"""How soon the engine is free again after a request is cancelled, and what many of them leave.

First: cancels at a random moment of a prompt's evaluation, then asks for one token. The time is
from the cancellation to the moment at which that next request is taken up. Second, with `--storm`:
that many requests to a shared engine, each cancelled after a random 0 to 300 ms, counting the
replies to each and watching the engine's memory. Prints Markdown tables:

    python -m benchmarks.cancel [--model MODEL.gguf] [--rounds N] [--storm N]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import random
import statistics
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import psutil

from sc2_lsp.domain import GenerationRequest, Priority, StopRule, Tokens
from sc2_lsp.engine import protocol, rendezvous
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.connection import read_frame
from sc2_lsp.engine.rendezvous import Place
from sc2_lsp.engine.shared import engine_name
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings

N_PROMPT = 2000
LONGEST_DELAY_S = 0.3
N_WARM_UP = 100
MIB = 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--storm", type=int, default=0)
    arguments = parser.parse_args()
    settings = Settings(model=arguments.model, warm_start_mb=0)
    if arguments.rounds:
        asyncio.run(_measure_freeing(settings, arguments.rounds))
    if arguments.storm:
        with tempfile.TemporaryDirectory(prefix="sc2-") as folder:
            os.environ[rendezvous.FOLDER_VARIABLE] = folder
            asyncio.run(_storm(settings, arguments.storm, Path(folder)))
    print(
        f"\nPrompts of {N_PROMPT} tokens; llama-cpp-python {version('llama-cpp-python')}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}."
    )


async def _measure_freeing(settings: Settings, rounds: int) -> None:
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
        preempted_ms = [await _preempt(engine, rounds + n, whole_s, rng) for n in range(rounds)]
    finally:
        await engine.close()
    print("| model | n_ubatch | prompt ms | ended by | times | free after ms, p50 | p95 | max |")
    print("| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |")
    for cause, taken in (("cancelling", freed_ms), ("a request that matters more", preempted_ms)):
        ordered = sorted(taken)
        print(
            f"| {info.name}, {info.n_params / 1e6:.1f} M | {settings.n_ubatch} "
            f"| {whole_s * 1000:.0f} | {cause} | {len(ordered)} "
            f"| {statistics.median(ordered):.1f} "
            f"| {ordered[int(0.95 * (len(ordered) - 1))]:.1f} | {ordered[-1]:.1f} |"
        )
    print(f"\n{n_ended_before} requests had ended before they were cancelled.\n")


async def _preempt(engine: EngineClient, number: int, whole_s: float, rng: random.Random) -> float:
    """How long a request waits that comes while work of the background is under way, in ms."""
    background = replace(_request(_tokens(number)), priority=Priority.BACKGROUND)
    running = asyncio.ensure_future(engine.generate(background))
    await asyncio.sleep(rng.uniform(0.1, 0.9) * whole_s)
    queue_s = (await engine.generate(_request((100, 101)))).queue_s
    await running
    return queue_s * 1000


async def _storm(settings: Settings, n_requests: int, folder: Path) -> None:
    spec = engine_spec(settings)
    keeper = EngineClient(spec, time.monotonic, lambda: 0.0)
    try:
        info = await keeper.describe()
        assert keeper.pid is not None
        engine = psutil.Process(keeper.pid)
        place = Place(folder, engine_name(spec))
        token = rendezvous.read_token(place)
        assert token is not None
        reader, writer = await asyncio.open_unix_connection(os.fspath(place.socket))
        writer.write(protocol.encode(protocol.Hello(token, 0.0)))
        protocol.decode_welcome(await read_frame(reader))
        answers, rss = await _send_and_cancel(reader, writer, n_requests, engine)
        writer.close()
    finally:
        await keeper.close()
    psutil.wait_procs([engine], 5)
    n_once = sum(count == 1 for count in answers.values())
    warm, last, most = rss[0] / MIB, rss[-1] / MIB, max(rss) / MIB
    print("| model | requests | answered once | other | RSS MiB after 100 | at the end | most |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    print(
        f"| {info.name}, {info.n_params / 1e6:.1f} M | {n_requests} | {n_once} "
        f"| {n_requests - n_once} | {warm:.1f} | {last:.1f} ({last / warm - 1:+.1%}) "
        f"| {most:.1f} ({most / warm - 1:+.1%}) |"
    )


async def _send_and_cancel(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    n_requests: int,
    engine: psutil.Process,
) -> tuple[Counter[int], list[int]]:
    """How often each request was answered, and the engine's RSS from the hundredth on."""
    rng = random.Random(7)
    answers = Counter[int]()
    rss: list[int] = []

    async def count() -> None:
        while True:
            answers[protocol.decode_reply(await read_frame(reader)).id] += 1

    counting = asyncio.ensure_future(count())
    for number in range(1, n_requests + 1):
        writer.write(protocol.encode(protocol.Generate(number, _request(_tokens(number)))))
        await asyncio.sleep(rng.uniform(0, LONGEST_DELAY_S))
        writer.write(protocol.encode(protocol.Cancel(number)))
        if number >= min(N_WARM_UP, n_requests):
            rss.append(engine.memory_info().rss)
    # Long enough for a reply that is one too many.
    await asyncio.sleep(1.0)
    counting.cancel()
    return answers, rss


def _tokens(number: int) -> Tokens:
    """A prompt that shares no beginning with that of another number."""
    return tuple(100 + (number * 7919 + index * 31) % 3000 for index in range(N_PROMPT))


def _request(tokens: Tokens) -> GenerationRequest:
    return GenerationRequest(tokens, max_tokens=1, deadline_s=600.0, stop=StopRule(max_lines=1))


if __name__ == "__main__":
    main()
