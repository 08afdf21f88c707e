"""How fast a folder is indexed, what that takes, and how fast the index answers.

The yardstick is what tree-sitter takes to parse the same files in as many processes, and
universal-ctags where it is installed. Times of the clock need a machine where nothing else runs;
processor times hardly do. Indexing and parsing are measured in turns, and of each the median
counts. Prints Markdown:

    python -m benchmarks.index --root FOLDER [--workers N] [--queries N] [--rounds N]
    python -m benchmarks.index --generate 100000

A generated tree has files of the standard library under many names, each changed a little, so that
no two are the same.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import psutil
import tree_sitter

from sc2_lsp.index.messages import Phase, Progress
from sc2_lsp.index.parsed import PLAIN
from sc2_lsp.index.place import Place, place_of
from sc2_lsp.index.reader import Reader
from sc2_lsp.index.service import Index, IndexOptions
from sc2_lsp.syntax import identifiers, language_of
from sc2_lsp.syntax.grammars import grammar_of
from sc2_lsp.syntax.source import prepare

TOUCHED_SHARE = 0.01
N_SAVED = 30
N_WORDS_OF_QUERY = 30
MEMORY_POLL_S = 0.2
MAX_SAMPLE_BYTES = 10_000
_NOT_COPIED = shutil.ignore_patterns("*.so*", "*.pyc", "*.a", "*.bin", "*.npy", "*.gguf")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock and of all processors together, and the memory of all processes."""

    wall_s: float
    cpu_s: float
    peak_bytes: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--generate", type=int, metavar="N_FILES")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3, help="of indexing and parsing, in turns")
    parser.add_argument("--without-peers", action="store_true")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds is at least 1.")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        if arguments.generate:
            generate(root, arguments.generate)
        else:
            shutil.copytree(arguments.root, root, symlinks=True, ignore=_NOT_COPIED)
        asyncio.run(_run(root, Path(folder, "cache"), arguments))


def generate(root: Path, n_files: int) -> None:
    """Write `n_files` different Python files below `root`."""
    rng = random.Random(1)
    samples = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if "site-packages" not in path.parts and 1000 < path.stat().st_size < MAX_SAMPLE_BYTES:
            with contextlib.suppress(UnicodeDecodeError, SyntaxError):
                samples.append(path.read_text("utf-8"))
                compile(samples[-1], path, "exec")
    for number in range(n_files):
        folder = root / f"area{number // 1000}" / f"part{number // 25}"
        folder.mkdir(parents=True, exist_ok=True)
        own = f"\n\ndef own_{number}(value_{number % 513}):\n    return {number}\n"
        (folder / f"module_{number}.py").write_text(rng.choice(samples) + own, "utf-8")


async def _run(root: Path, cache: Path, arguments: argparse.Namespace) -> None:
    place = place_of(root, cache)
    os.sync()
    await _index(root, cache, arguments.workers)
    files = _files(place)
    code = [(path, size) for path, size, language in files if language != PLAIN]
    costs: list[Cost] = []
    raws: list[Cost] = []
    for _ in range(arguments.rounds):
        shutil.rmtree(cache)
        costs.append(await _index(root, cache, arguments.workers))
        if not arguments.without_peers:
            raws.append(_parse_raw(root, [path for path, _ in code], arguments.workers))
    first = _median(costs)
    n_bytes, code_bytes = sum(size for _, size, _ in files), sum(size for _, size in code)
    disk_bytes = place.size_bytes()
    print(
        f"{len(files):,} files, {n_bytes / 1e6:.0f} MB, of which {len(code):,} files and "
        f"{code_bytes / 1e6:.0f} MB are code; {arguments.workers} processes parse; "
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}.\n"
    )
    print("| | clock s | processor s | files/s | MB/s of code | peak memory MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    _print_row("index from nothing", first, len(files), code_bytes)
    if not arguments.without_peers:
        raw = _median(raws)
        _print_row("tree-sitter alone, the same code", raw, len(code), code_bytes)
        if (ctags := _ctags(root, [path for path, _ in code])) is not None:
            _print_row("universal-ctags, the same code", ctags, len(code), code_bytes)
        print(
            f"\nThe index reaches {raw.wall_s / first.wall_s:.0%} of the raw rate by the clock, "
            f"{raw.cpu_s / first.cpu_s:.0%} by processor time, "
            f"by the medians of rounds with {_shares(costs, raws)} by the clock."
        )
    print(f"\n{disk_bytes / 1e6:.0f} MB on the disk, {disk_bytes / n_bytes:.0%} of the text.\n")
    await _print_freshness(root, cache, [path for path, _ in code], arguments.workers)
    _print_latencies(place, root, [path for path, _ in code], arguments.queries)


def _median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure by itself, but the largest peak."""
    return Cost(
        statistics.median(cost.wall_s for cost in costs),
        statistics.median(cost.cpu_s for cost in costs),
        max(cost.peak_bytes for cost in costs),
    )


def _shares(costs: Sequence[Cost], raws: Sequence[Cost]) -> str:
    """What of the raw rate was reached in each round, by the clock."""
    return ", ".join(
        f"{raw.wall_s / cost.wall_s:.0%}" for cost, raw in zip(costs, raws, strict=True)
    )


def _print_row(name: str, cost: Cost, n_files: int, n_bytes: int) -> None:
    memory = f"{cost.peak_bytes / 1e6:.0f}" if cost.peak_bytes else ""
    print(
        f"| {name} | {cost.wall_s:.1f} | {cost.cpu_s:.1f} | {n_files / cost.wall_s:,.0f} | "
        f"{n_bytes / 1e6 / cost.wall_s:.1f} | {memory} |"
    )


async def _index(root: Path, cache: Path, n_workers: int) -> Cost:
    """Start an indexer and have it finish, at the priority of whoever waits."""
    start = time.perf_counter()
    async with _indexed(root, cache, n_workers) as (_, cost):
        wall_s = time.perf_counter() - start
        return Cost(wall_s, *cost())


@contextlib.asynccontextmanager
async def _indexed(
    root: Path, cache: Path, n_workers: int
) -> AsyncIterator[tuple[Index, Callable[[], tuple[float, int]]]]:
    """An index that is ready, and what its processes took since they were started."""
    ready = asyncio.Event()

    def show(progress: Progress) -> None:
        if progress.phase is Phase.STOPPED:
            sys.exit(progress.message)
        if progress.phase is Phase.READY:
            ready.set()

    index = Index(str(root), IndexOptions(n_workers=n_workers, folder=cache, is_awaited=True), show)
    meter = _Meter()
    index.start()
    try:
        while not ready.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ready.wait(), MEMORY_POLL_S)
            meter.look()
        yield index, lambda: (meter.cpu_s, meter.peak_bytes)
    finally:
        await index.close()


class _Meter:
    """Adds up what the processes of an index take. Memory is what is theirs alone, and their share
    of what they share."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._cpu_s: dict[int, float] = {}

    @property
    def cpu_s(self) -> float:
        return sum(self._cpu_s.values())

    def look(self) -> None:
        n_bytes = 0
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "sc2_lsp.index" in " ".join(process.cmdline()):
                    used = process.cpu_times()
                    self._cpu_s[process.pid] = used.user + used.system
                    n_bytes += _share_of_memory(process)
        self.peak_bytes = max(self.peak_bytes, n_bytes)


def _share_of_memory(process: psutil.Process) -> int:
    """Bytes that are a process's alone, and its share of what others have too."""
    try:
        # What psutil adds up takes the processors that are measured several milliseconds.
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return int(process.memory_full_info().pss)
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


def _files(place: Place) -> list[tuple[str, int, str]]:
    with contextlib.closing(sqlite3.connect(place.database)) as db:
        rows = db.execute(
            "SELECT tail, size, language FROM files JOIN blobs ON blobs.id = blob ORDER BY tail"
        )
        return [(tail[::-1], size, language) for tail, size, language in rows]


def _parse_raw(root: Path, paths: Sequence[str], n_processes: int) -> Cost:
    """Read and parse these files with tree-sitter and do nothing else."""
    shares = [
        [f"{root}/{path}" for path in paths[at :: n_processes * 8]] for at in range(n_processes * 8)
    ]
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(_parse_all, [share[:1] for share in shares]))
        start = time.perf_counter()
        cpu_s = sum(pool.map(_parse_all, shares))
        return Cost(time.perf_counter() - start, cpu_s)


def _parse_all(paths: list[str]) -> float:
    """The processor time that parsing these files takes."""
    start = time.process_time()
    parsers: dict[str, tree_sitter.Parser] = {}
    for path in paths:
        language = language_of(path)
        assert language is not None
        prepared = prepare(Path(path).read_bytes(), language)
        if prepared is not None:
            grammar, data = prepared
            parser = parsers.get(grammar)
            if parser is None:
                parser = parsers[grammar] = tree_sitter.Parser(grammar_of(grammar))
            parser.parse(data)
    return time.process_time() - start


def _ctags(root: Path, paths: Sequence[str]) -> Cost | None:
    """Have ctags find definitions in these files; None where it is not installed."""
    program = shutil.which("ctags")
    if program is None:
        return None
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    if "Universal Ctags" not in version.stdout:
        return None
    before, start = os.times(), time.perf_counter()
    subprocess.run(
        [program, "-L", "-", "-f", "-", "--fields=+neS"],
        input="\n".join(paths),
        text=True,
        cwd=root,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = os.times()
    spent_s = after.children_user + after.children_system
    spent_s -= before.children_user + before.children_system
    return Cost(time.perf_counter() - start, spent_s)


async def _print_freshness(root: Path, cache: Path, paths: list[str], n_workers: int) -> None:
    rng = random.Random(2)
    start = time.perf_counter()
    async with _indexed(root, cache, n_workers):
        warm_s = time.perf_counter() - start
    touched = rng.sample(paths, max(1, int(len(paths) * TOUCHED_SHARE)))
    for number, path in enumerate(touched):
        _append(root / path, f"touched_{number}")
    start = time.perf_counter()
    async with _indexed(root, cache, n_workers) as (index, _):
        touched_s = time.perf_counter() - start
        python = [path for path in paths if path.endswith(".py")]
        saved = [await _save(index, root, path) for path in rng.choices(python, k=N_SAVED)]
    print("| freshness | ms |")
    print("| --- | ---: |")
    print(f"| warm start, nothing changed, {len(paths):,} files of code | {warm_s * 1e3:.0f} |")
    print(f"| start after {len(touched):,} files were touched | {touched_s * 1e3:.0f} |")
    print(f"| saved file seen by a reader, median of {N_SAVED} | {_ms(saved, 50):.0f} |")
    print(f"| saved file seen by a reader, 95th percentile | {_ms(saved, 95):.0f} |\n")


async def _save(index: Index, root: Path, path: str) -> float:
    """Seconds from saving a file until its new definition is found."""
    name = f"saved_{time.monotonic_ns()}"
    _append(root / path, name)
    start = time.perf_counter()
    await index.changed([path])
    if not index.reader.definitions([name], 1):
        sys.exit(f"{path} was saved and {name} is not found")
    return time.perf_counter() - start


def _append(path: Path, name: str) -> None:
    """Change the file, and if it is Python, add a definition."""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n\ndef {name}():\n    return None\n" if path.suffix == ".py" else "\n")


def _print_latencies(place: Place, root: Path, paths: list[str], n_queries: int) -> None:
    rng = random.Random(3)
    reader = Reader(place)
    names: list[float] = []
    searches: list[float] = []
    outlines: list[float] = []
    ends: list[float] = []
    for path in (rng.choice(paths) for _ in range(n_queries)):
        words = list(dict.fromkeys(identifiers((root / path).read_bytes())))
        at = rng.randrange(max(1, len(words) - N_WORDS_OF_QUERY))
        near = words[at : at + N_WORDS_OF_QUERY]
        with _timed(searches):
            reader.search(near, 20)
        with _timed(names):
            reader.definitions(near, 5)
        with _timed(outlines):
            reader.outline_of(path)
        with _timed(ends):
            reader.paths_ending([path.rpartition("/")[2]], 10)
    print(f"| query ({n_queries} of each) | p50 ms | p95 ms | max ms |")
    print("| --- | ---: | ---: | ---: |")
    for name, times in (
        (f"search for {N_WORDS_OF_QUERY} words", searches),
        (f"definitions of {N_WORDS_OF_QUERY} names", names),
        ("outline of a file", outlines),
        ("files by the end of their path", ends),
    ):
        print(f"| {name} | {_ms(times, 50):.2f} | {_ms(times, 95):.2f} | {max(times) * 1e3:.2f} |")


@contextlib.contextmanager
def _timed(times: list[float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    times.append(time.perf_counter() - start)


def _ms(times: Sequence[float], percentile: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percentile - 1] * 1e3


if __name__ == "__main__":
    main()
