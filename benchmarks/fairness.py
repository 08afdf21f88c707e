"""Whether one user who floods a team's server slows another, through the gateway as it is deployed.

Two servers stand side by side, each a gateway and a llama-server started as `deploy/compose` says,
on a core of its own. One developer types at both, with the language server's pipeline and remote
engine, over TLS and with a key of their own: each key is pressed at one, and when its answer is
there at the other, which of them first by turns. A round is that twice, the second time with the
two servers' cores and turns exchanged. At the first they are alone; at the second there is also

- `nobody`: which tells how much two equal servers differ here;
- `colleague`: a second developer who types;
- `flood`: a user of `tests/deploy/flood.py`, who asks for far more than their share and goes on
  when they are refused, as they are by then;
- `onset`: the same from its first moment on.

So whatever else the machine does meanwhile hits both alike, and so does the processor time of the
flood's own side, which runs where nobody else wants it: it is another machine's. Only what the
engine was asked for is timed, and only keys for which both were asked: what was typed through takes
no time at all. *CPU ms* is what the server's processes had of their core from the key to the
answer, for whomever: since an engine here has one thread, that is the time to wait on a machine
with nothing else to do. Linux only. Prints a Markdown table:

    SC2_GATEWAY_RIG=$(tests/deploy/rigs/gateway.sh) \
        python -m benchmarks.fairness --server PATH/llama-server [--rounds N] [--keys N]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import platform
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from benchmarks.developers import Developer, Ours, repositories, team
from benchmarks.team import counted
from sc2_lsp.bench.figures import percentiles
from sc2_lsp.bench.keystrokes import Stroke
from sc2_lsp.domain import EmptyReason, Snapshot, Trigger
from tests.deploy.engines import Straight
from tests.deploy.flood import Running, flooding, is_locked_out
from tests.deploy.gateway import KEYS, Gateway, llama_server, running, until

NOBODY, COLLEAGUE, FLOOD, ONSET = "nobody", "colleague", "flood", "onset"
ARMS = (NOBODY, COLLEAGUE, FLOOD, ONSET)
FLAGS = {"n_gpu_layers": "0", "cache_ram": "1024"}
"""Of the engine; the others are those of `deploy/compose`."""

_FAILURES = {
    EmptyReason.ENGINE_DOWN,
    EmptyReason.MODEL_ERROR,
    EmptyReason.DEADLINE,
    EmptyReason.FAILED,
}


@dataclass(slots=True)
class Side:
    """What one of the two servers did. Tokens; processor time in seconds."""

    n_failed: int = 0
    n_evaluated: int = 0
    n_generated: int = 0
    engine_cpu_s: float = 0.0
    gateway_cpu_s: float = 0.0


@dataclass(slots=True)
class Sample:
    """An arm: ms at both servers, of the keys for which both were asked.

    `cpu_pairs` are ms of the servers' processors from the key to the answer.
    """

    arm: str
    pairs: list[tuple[float, float]] = field(default_factory=list)
    cpu_pairs: list[tuple[float, float]] = field(default_factory=list)
    n_keys: int = 0
    alone: Side = field(default_factory=Side)
    beside: Side = field(default_factory=Side)
    other_cpu_s: float = 0.0
    others: Counter[int] = field(default_factory=Counter)


class Typist(Ours):
    """Waits for each answer, and keeps how long it took if the engine was asked."""

    def __init__(self, url: str, developer: Developer) -> None:
        super().__init__(url, developer)
        self.asked_ms: dict[int, float] = {}
        self.n_failed = 0

    async def ask(self, number: int, stroke: Stroke) -> None:
        self._number = number
        self.press(stroke)
        assert self._task is not None
        await self._task

    async def type(self, strokes: Sequence[Stroke]) -> None:
        for number, stroke in enumerate(strokes):
            await self.ask(number, stroke)
            await asyncio.sleep(stroke.pause_s)

    async def _complete(self, snapshot: Snapshot) -> None:
        started_s = time.perf_counter()
        outcome = await self._service.complete(snapshot, Trigger.AUTOMATIC, self._settings)
        if outcome.usage.prompt_tokens and not outcome.usage.cached:
            self.asked_ms[self._number] = (time.perf_counter() - started_s) * 1000
        self.n_failed += outcome.reason in _FAILURES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="llama-server")
    parser.add_argument("--root", type=Path, default=Path(sysconfig.get_path("purelib")))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if min(arguments.rounds, arguments.keys) < 1:
        parser.error("--rounds and --keys are at least 1.")
    folders = repositories(arguments.root)
    samples = {arm: Sample(arm) for arm in arguments.arms}
    loads = []
    for number in range(arguments.rounds):
        people = team(folders, 2, arguments.keys, arguments.seed + number)
        for arm, turn in product(arguments.arms[:: -1 if number % 2 else 1], (0, 1)):
            _measure(samples[arm], people, arguments.server, turn)
            loads.append(os.getloadavg()[0])
            # Who has no time for all of them has seen these.
            print(number, turn, *table([samples[arm]])[2:], file=sys.stderr)
    print("\n".join(table(list(samples.values()))))
    print(
        f"\n{arguments.rounds} rounds of {arguments.keys} keys, load of the machine "
        f"{min(loads):.1f} to {max(loads):.1f}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}."
    )


def _measure(sample: Sample, people: Sequence[Developer], server: str, turn: int) -> None:
    """Half a round of one arm, added to the sample; `turn` says which half."""
    with _deployed(server, turn) as first, _deployed(server, 1 - turn) as second:
        asyncio.run(_round(sample, people, (first, second), turn))
        sample.others.update(
            line["status"]
            for line in second.gateway.log()
            if line["user"] != "alice" and line["path"].endswith("completion")
        )


async def _round(
    sample: Sample, people: Sequence[Developer], sites: tuple[Site, Site], turn: int
) -> None:
    typists = [Typist(site.url("alice"), people[0]) for site in sites]
    for typist in typists:
        await typist.open()
    gateway = sites[1].gateway
    others: AbstractContextManager[Running] = nullcontext(Running())
    if sample.arm in (FLOOD, ONSET):
        others = flooding(gateway.port, gateway.folder / "secrets" / "tls.crt", KEYS["bob"])
    elif sample.arm == COLLEAGUE:
        others = _colleague(sites[1].url("bob"), people[1])
    with others as other:
        if sample.arm == FLOOD:
            locked_out = partial(is_locked_out, gateway, "bob")
            await asyncio.to_thread(until, locked_out, "the end of the flood's share", 300)
        starts = [site.used() for site in sites]
        cpu_ms: tuple[dict[int, float], dict[int, float]] = ({}, {})
        for number, stroke in enumerate(people[0].strokes):
            for side in (1, 0) if (number + turn) % 2 else (0, 1):
                before_ms = sites[side].cpu_ms()
                await typists[side].ask(number, stroke)
                cpu_ms[side][number] = sites[side].cpu_ms() - before_ms
            await asyncio.sleep(stroke.pause_s)
        for side, site, start in zip((sample.alone, sample.beside), sites, starts, strict=True):
            site.add(side, start)
    for side, typist in zip((sample.alone, sample.beside), typists, strict=True):
        side.n_failed += typist.n_failed
        await typist.close()
    both = typists[0].asked_ms.keys() & typists[1].asked_ms.keys()
    sample.pairs += [(typists[0].asked_ms[key], typists[1].asked_ms[key]) for key in both]
    sample.cpu_pairs += [(cpu_ms[0][key], cpu_ms[1][key]) for key in both]
    sample.n_keys += len(people[0].strokes)
    sample.other_cpu_s += other.cpu_s


Used = tuple[int, int, float, float]
"""Tokens evaluated and generated so far; seconds of the engine's and of the gateway's processor."""


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway with its engine."""

    gateway: Gateway
    processes: tuple[psutil.Process, ...]

    def url(self, user: str) -> str:
        """Its address; who connects next is `user` and trusts its certificate."""
        os.environ["SC2_API_KEY"] = KEYS[user]
        os.environ["SSL_CERT_FILE"] = str(self.gateway.folder / "secrets" / "tls.crt")
        return f"https://localhost:{self.gateway.port}"

    def used(self) -> Used:
        cpu_s = {"llama-server": 0.0, "nginx": 0.0}
        for process in self.processes:
            times = process.cpu_times()
            cpu_s[process.name()] += times.user + times.system
        return *counted(self.gateway.engine("/metrics").body.decode()), *cpu_s.values()

    def cpu_ms(self) -> float:
        """What all threads of its processes have had of the processor, by Linux's own count."""
        stats = (path.read_text() for each in self.processes for path in _tasks(each.pid))
        return sum(int(stat.split()[0]) for stat in stats) / 1e6

    def add(self, side: Side, start: Used) -> None:
        used = [now - then for now, then in zip(self.used(), start, strict=True)]
        side.n_evaluated += int(used[0])
        side.n_generated += int(used[1])
        side.engine_cpu_s += used[2]
        side.gateway_cpu_s += used[3]


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").glob("*/schedstat"))


@contextmanager
def _deployed(server: str, core: int) -> Iterator[Site]:
    us = psutil.Process()
    before = set(us.children(recursive=True))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sc2-fairness-")))
        cores = us.cpu_affinity()
        # What is started now keeps to one core; we do not.
        us.cpu_affinity([cores[core % len(cores)]])
        try:
            port = stack.enter_context(llama_server(folder, server, FLAGS))
            (folder / "gateway").mkdir()
            gateway = stack.enter_context(running(folder / "gateway", Straight(port)))
        finally:
            us.cpu_affinity(cores)
        started = set(us.children(recursive=True)) - before
        names = ("llama-server", "nginx")
        yield Site(gateway, tuple(each for each in started if each.name() in names))


@contextmanager
def _colleague(url: str, developer: Developer) -> Iterator[Running]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_type_along, args=(theirs, url, developer))
    process.start()
    theirs.close()
    found = Running()
    try:
        ours.recv()
        yield found
        ours.send(None)
        found.cpu_s = ours.recv()
    finally:
        ours.close()
        process.join()


def _type_along(pipe: Connection, url: str, developer: Developer) -> None:
    asyncio.run(_type_till_told(pipe, url, developer))


async def _type_till_told(pipe: Connection, url: str, developer: Developer) -> None:
    typist = Typist(url, developer)
    await typist.open()
    pipe.send(None)
    typing = asyncio.ensure_future(typist.type(developer.strokes))
    await asyncio.to_thread(pipe.recv)
    typing.cancel()
    await asyncio.wait({typing})
    await typist.close()
    pipe.send(time.process_time())


def table(samples: Sequence[Sample]) -> list[str]:
    """Markdown, a row an arm; of two numbers the first is where nobody else was."""
    lines = [
        "| beside | keys | timed | ms p50 | ratio | ms p95 | ratio | CPU ms p50 | ratio "
        "| CPU ms p95 | ratio | failed | prompt tokens | tokens written | engine CPU s "
        "| gateway CPU s | the other's CPU s | its completions |",
        "| --- |" + " ---: |" * 16 + " --- |",
    ]
    for sample in samples:
        sides = (sample.alone, sample.beside)
        both = (sample.pairs, sample.cpu_pairs)
        statuses = ", ".join(f"{n} × {status}" for status, n in sorted(sample.others.items()))
        cells = [sample.arm, str(sample.n_keys), str(len(sample.pairs))]
        for pairs, name in product(both, ("p50", "p95")):
            times = [percentiles(side) for side in zip(*pairs, strict=True)]
            alone, beside = (each[name] or 0.0 for each in times)
            cells += [f"{alone:.0f} / {beside:.0f}", f"{beside / (alone or 1):.2f}"]
        cells += [
            " / ".join(str(side.n_failed) for side in sides),
            " / ".join(str(side.n_evaluated) for side in sides),
            " / ".join(str(side.n_generated) for side in sides),
            " / ".join(f"{side.engine_cpu_s:.1f}" for side in sides),
            " / ".join(f"{side.gateway_cpu_s:.1f}" for side in sides),
            f"{sample.other_cpu_s:.1f}",
            statuses,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
