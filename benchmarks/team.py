"""What a team costs one llama-server: many people typing, with our pipeline and as llama.vim asks.

Each developer has a repository, open files and keystrokes of their own (`developers`), and types at
the speed of people whatever the answers do. For ours each has the completion service, retrieval and
remote engine that a language server has; for the peer each has what `llama_vim` describes. Both get
the same keystrokes at the same times and a server started anew with the same flags, in turns. All
have opened their file and asked once before it counts, and the background had two minutes after
each. Tokens are those that the server counted; a suggestion counts if it stood there before the
next key. The clients run on the same machine as the server. `--slower F`
stretches all times of both alike, typing, deadlines and debounce, for a machine that others use
too; the times in the table are then divided by F.
Developers may type for a share of the time alone, and rest between lines.
Prints Markdown, and puts it into a file that has marks for it:

    python -m benchmarks.team --server PATH/llama-server [--developers N] [--share S] [--slower F]
        [--seconds S] [--write FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import random
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from benchmarks.developers import Developer, Ours, repositories, slow_down, slowed, team
from benchmarks.llama_vim import LlamaVim, chunks_of
from benchmarks.team_figures import (
    BEGIN,
    END,
    OURS,
    PEER,
    Sample,
    compared,
    filled,
    has_marks,
    table,
)
from sc2_lsp.models import BUNDLED_MODEL

CONTENDERS = (OURS, PEER)
FLAGS = (
    "--threads 2 --parallel 16 --ctx-size 65536 --cache-ram 2048 --no-cache-idle-slots "
    "--slot-prompt-similarity 0.9 --batch-size 512 --predict 128 "
    "--metrics --no-slots --offline --timeout 60"
)
"""As deploy/ has them. Without --predict the server makes /infill prompts that it then refuses."""

PEOPLE = 3.0
"""What `keystrokes` has to be slowed by to be as quick as quick typists."""

_LONGEST_START_S = 60.0
_OPENING_AT_ONCE = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default=os.environ.get("LLAMA_SERVER", "llama-server"))
    parser.add_argument("--flags", default=FLAGS, help="of the server")
    parser.add_argument("--model", type=Path, default=BUNDLED_MODEL)
    parser.add_argument("--root", type=Path, default=Path(sysconfig.get_path("purelib")))
    parser.add_argument("--developers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120.0, help="of a round, unstretched")
    parser.add_argument("--keys", type=int, default=5000, help="at most, of each developer")
    parser.add_argument("--slower", type=float, default=1.0, help="stretches all times")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the time in which a developer types"
    )
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2, help="that the developers share")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=CONTENDERS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="put the figures between the marks of this file")
    arguments = parser.parse_args()
    if shutil.which(arguments.server) is None:
        parser.error(f"there is no program {arguments.server}; name llama-server's by --server.")
    if min(arguments.developers, arguments.keys, arguments.rounds, arguments.processes) < 1:
        parser.error("--developers, --keys, --rounds and --processes are at least 1.")
    if arguments.slower <= 0:
        parser.error("--slower is greater than 0.")
    if arguments.write is not None and not has_marks(arguments.write):
        parser.error(f"{arguments.write} is no file with the marks {BEGIN} and {END}.")
    if not 0 < arguments.share <= 1:
        parser.error("--share is greater than 0 and at most 1.")
    command = [arguments.server, "-m", str(arguments.model), *arguments.flags.split()]
    folders = repositories(arguments.root)
    samples = {name: Sample(name) for name in arguments.contenders}
    loads = []
    for number in range(arguments.rounds):
        try:
            people = team(
                folders,
                arguments.developers,
                arguments.keys,
                arguments.seed + number,
                arguments.share,
            )
        except ValueError as error:
            parser.error(f"{arguments.root}: {error}; name another --root or fewer developers.")
        for name in arguments.contenders:
            plan = Plan(name, people, arguments.seconds, arguments.slower, arguments.processes)
            samples[name] += measured(plan, command)
            loads.append(os.getloadavg()[0])
            print(json.dumps({"done": name, "round": number}), file=sys.stderr)
    told = [
        f"`python -m benchmarks.team {' '.join(_told(sys.argv[1:]))}`",
        "",
        *table(list(samples.values())),
        "",
        *compared(samples),
        f"Developers: {arguments.developers}, each typing {arguments.share:.0%} of the time. "
        f"All times stretched {arguments.slower:g}-fold. Flags: {arguments.flags}. "
        f"llama-server {_version(arguments.server)}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"load of the machine {min(loads):.0f} to {max(loads):.0f}.",
    ]
    print("\n".join(told))
    if arguments.write is not None:
        path: Path = arguments.write
        content = path.read_text(encoding="utf-8")
        path.write_text(filled(content, told), encoding="utf-8", newline="\n")


def _told(arguments: Sequence[str]) -> list[str]:
    """What was asked for, without what is of this machine alone."""
    told, is_value = [], False
    for argument in arguments:
        if is_value or argument in ("--server", "--write", "--root"):
            told += ["…"] if is_value else [argument]
            is_value = not is_value
        else:
            told.append(argument)
    return told


def _version(server: str) -> str:
    shown = subprocess.run([server, "--version"], capture_output=True, text=True, check=True)
    return (shown.stdout + shown.stderr).partition("version: ")[2].partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Plan:
    """Who types with what, and for how many seconds, which `slower` stretches."""

    name: str
    people: Sequence[Developer]
    seconds: float
    slower: float
    n_processes: int


def measured(plan: Plan, command: Sequence[str]) -> Sample:
    """One contender's round, in front of a server of its own."""
    n_processes = min(plan.n_processes, len(plan.people))
    with _server(command) as (server, url):
        pipes, processes = [], []
        for first in range(n_processes):
            ours, theirs = multiprocessing.Pipe()
            mine = replace(plan, people=plan.people[first::n_processes])
            process = multiprocessing.Process(target=_work, args=(theirs, url, mine))
            process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        try:
            for pipe in pipes:
                pipe.recv()
            print(json.dumps({"opened": plan.name}), file=sys.stderr, flush=True)
            opened, cpu_s = counted(_metrics(url)), _cpu_s(server)
            started_s = time.perf_counter()
            for pipe in pipes:
                pipe.send("type")
            sample = Sample(plan.name)
            for pipe in pipes:
                sample += pipe.recv()
            sample.seconds = (time.perf_counter() - started_s) / plan.slower
            now = counted(_metrics(url))
            sample.n_evaluated, sample.n_generated = now[0] - opened[0], now[1] - opened[1]
            sample.n_opening = opened[0]
            sample.server_cpu_s = _cpu_s(server) - cpu_s
            for pipe in pipes:
                pipe.send("end")
        finally:
            for pipe in pipes:
                pipe.close()
            for process in processes:
                process.join()
    return sample


def _work(pipe: Connection, url: str, plan: Plan) -> None:
    asyncio.run(_type_all(pipe, url, plan))


async def _type_all(pipe: Connection, url: str, plan: Plan) -> None:
    if plan.name == OURS:
        slow_down(plan.slower)
    editors = [_editor(plan.name, url, developer, plan.slower) for developer in plan.people]
    at_once = asyncio.Semaphore(_OPENING_AT_ONCE)

    async def opened(editor: Ours | LlamaVim) -> None:
        async with at_once:
            await editor.open()

    await asyncio.gather(*map(opened, editors))
    pipe.send("ready")
    await asyncio.to_thread(pipe.recv)
    cpu_s = time.process_time()
    await asyncio.gather(
        *(
            _type(editor, developer, PEOPLE * plan.slower, plan.seconds * plan.slower)
            for editor, developer in zip(editors, plan.people, strict=True)
        )
    )
    sample = Sample(plan.name, clients_cpu_s=time.process_time() - cpu_s)
    for editor in editors:
        sample.n_keys += editor.screen.n_keys
        sample.shown_ms += [shown_ms / plan.slower for shown_ms in editor.screen.shown_ms]
        if isinstance(editor, Ours):
            sample.ends += editor.ends
            sample.costs += editor.costs
    pipe.send(sample)
    await asyncio.to_thread(pipe.recv)
    await asyncio.gather(*(editor.close() for editor in editors))


def _editor(name: str, url: str, developer: Developer, slower: float) -> Ours | LlamaVim:
    if name == OURS:
        return Ours(url, developer, slower)
    others = [(other, developer.files[other]) for other in developer.others]
    chunks = chunks_of(others, random.Random(developer.number))
    return LlamaVim(url, developer.before, developer.cursor, chunks, developer.number, slower)


async def _type(
    editor: Ours | LlamaVim, developer: Developer, factor: float, seconds: float
) -> None:
    """Press the keys when they are due for so long, whether answers are there or not."""
    at_s = time.perf_counter()
    ends_at_s = at_s + seconds
    # Somewhere between two lines.
    at_s += random.Random(developer.number).random() * factor * developer.cycle_s
    for stroke in slowed(developer.strokes, factor):
        if at_s > ends_at_s:
            break
        await asyncio.sleep(at_s - time.perf_counter())
        editor.press(stroke)
        at_s += stroke.pause_s
    await asyncio.sleep(min(at_s, ends_at_s) - time.perf_counter())


@contextmanager
def _server(command: Sequence[str]) -> Iterator[tuple[psutil.Process, str]]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    where = ("--host", "127.0.0.1", "--port", str(port))
    with subprocess.Popen(
        [*command, *where], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _await_health(process, url)
            yield psutil.Process(process.pid), url
        finally:
            process.terminate()


def _await_health(process: subprocess.Popen[bytes], url: str) -> None:
    deadline_s = time.monotonic() + _LONGEST_START_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise SystemExit(f"The server ended with code {process.returncode}; try its command.")
        try:
            with urllib.request.urlopen(f"{url}/health"):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The server does not get ready.")


def _metrics(url: str) -> str:
    with urllib.request.urlopen(f"{url}/metrics") as response:
        return response.read().decode()  # type: ignore[no-any-return]


def counted(metrics: str) -> tuple[int, int]:
    """Prompt tokens evaluated and tokens generated, of the server's page of metrics."""
    values = dict(
        line.rsplit(" ", 1) for line in metrics.splitlines() if line and not line.startswith("#")
    )
    names = ("prompt_tokens_total", "tokens_predicted_total")
    evaluated, generated = (int(float(values[f"llamacpp:{name}"])) for name in names)
    return evaluated, generated


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main()
