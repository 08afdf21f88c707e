"""What two editors cost in memory and time with an engine each, and with one that they share.

Starts two users of an engine as processes of their own and asks each for a completion. PSS counts
a page of memory once, divided among those who map it, so the sum over all engines is what they take
together. The second editor's wait is from its first wish to the model being ready. Linux only.
Prints a Markdown table:

    python -m benchmarks.shared_engine [--model MODEL.gguf]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import platform
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from sc2_lsp.domain import GenerationRequest, ModelInfo, StopRule
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.rendezvous import FOLDER_VARIABLE
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings

MIB = 1024 * 1024
N_PROMPT = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """Two editors at once, in MiB and seconds."""

    info: ModelInfo
    n_engines: int
    rss: float
    pss: float
    waits_s: tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="")
    arguments = parser.parse_args()
    settings = Settings(model=arguments.model, warm_start_mb=0)
    with tempfile.TemporaryDirectory(prefix="sc2-") as folder:
        os.environ[FOLDER_VARIABLE] = folder
        alone = _measure(settings, n_editors=1, is_shared=True)
        private = _measure(settings, n_editors=2, is_shared=False)
        shared = _measure(settings, n_editors=2, is_shared=True)
    file_mib = Path(alone.info.path).stat().st_size / MIB
    print(f"{alone.info.name}, {file_mib:.1f} MiB of weights.\n")
    print("| editors | engines | RSS MiB | PSS MiB | first editor ready s | second s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, sample in (
        ("one", alone),
        ("two, an engine each", private),
        ("two, one engine", shared),
    ):
        first_s, second_s = sample.waits_s
        second = f"{second_s:.3f}" if second_s else ""
        print(
            f"| {name} | {sample.n_engines} | {sample.rss:.1f} | {sample.pss:.1f} "
            f"| {first_s:.3f} | {second} |"
        )
    print(
        f"\nllama-cpp-python {version('llama-cpp-python')}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}."
    )


def _measure(settings: Settings, n_editors: int, is_shared: bool) -> Sample:
    processes, pipes, pids, waits_s = [], [], [], [0.0, 0.0]
    info = None
    for number in range(n_editors):
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=_edit, args=(theirs, settings, is_shared))
        process.start()
        processes.append(process)
        pipes.append(ours)
        info, pid, waits_s[number] = ours.recv()
        pids.append(pid)
    engines = [psutil.Process(pid).memory_full_info() for pid in set(pids)]
    for pipe in pipes:
        pipe.send("done")
    for process in processes:
        process.join()
    _, alive = psutil.wait_procs([psutil.Process(p) for p in set(pids) if psutil.pid_exists(p)], 5)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    assert info is not None
    return Sample(
        info,
        len(engines),
        sum(memory.rss for memory in engines) / MIB,
        sum(memory.pss for memory in engines) / MIB,
        (waits_s[0], waits_s[1]),
    )


def _edit(pipe: Connection, settings: Settings, is_shared: bool) -> None:
    asyncio.run(_complete_and_wait(pipe, settings, is_shared))


async def _complete_and_wait(pipe: Connection, settings: Settings, is_shared: bool) -> None:
    idle_s = 0.0 if is_shared else None
    engine = EngineClient(engine_spec(settings), time.monotonic, lambda: idle_s)
    started_s = time.monotonic()
    info = await engine.describe()
    wait_s = time.monotonic() - started_s
    prompt = tuple(100 + index % 700 for index in range(N_PROMPT))
    await engine.generate(GenerationRequest(prompt, 8, 600.0, StopRule(max_lines=100)))
    pipe.send((info, engine.pid, wait_s))
    await asyncio.to_thread(pipe.recv)
    await engine.close()


if __name__ == "__main__":
    main()
