"""How long one retrieval takes: all that is done to choose other code for a prompt, on a big index.

Cursors are drawn in the files of the index, the rest of their line cut off, as if somebody typed
there. The editor holds the file, as it would. Each of them is gathered for:

- *nothing remembered*: by a reader that was opened just now, which is what the first completion of
  a session costs;
- *first in a file*: after gatherings in other files;
- *one char typed*: there again, one char later;
- *another place*: in the same file, somewhere else;
- *another file saved*: one char later, after another file of the index got a new definition.

A second pass tells what the parts take; it measures each part, which takes time as well. Times of
the clock need a machine where nothing else runs. Prints Markdown:

    python -m benchmarks.gather --root FOLDER [--cursors N] [--index FOLDER]
    python -m benchmarks.gather --generate 10000

`--write FILE` writes what was gathered as well, a line of JSON for each gathering: two versions of
the code that are to choose alike write the same, where both are run with PYTHONHASHSEED=0.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import tree_sitter

from benchmarks.index import generate
from sc2_lsp import retrieval
from sc2_lsp.domain import Snapshot
from sc2_lsp.index.messages import Phase, Progress
from sc2_lsp.index.parsed import PLAIN, Parsed, contents_of, digest_of, utf8_of
from sc2_lsp.index.place import Place, place_of
from sc2_lsp.index.reader import Reader
from sc2_lsp.index.schema import open_to_write
from sc2_lsp.index.service import Index, IndexOptions
from sc2_lsp.index.store import Store
from sc2_lsp.launching import collect_rarely
from sc2_lsp.retrieval.sources import definitions, imported, project, siblings, similar, tests
from sc2_lsp.syntax import language_of
from sc2_lsp.text import Text, indentation

CASES = (
    "nothing remembered",
    "first in a file",
    "one char typed",
    "another place",
    "another file saved",
)
_SAVED = b"\n\ndef saved_by_benchmark_%d(value):\n    return value\n"
# What is timed on its own in the second pass: a title, and the function as somebody calls it.
PARTS = (
    ("the scene: parse, uses, calls", retrieval, "scene_of"),
    ("words near the cursor", retrieval, "near_words"),
    ("similar: search and read", similar, "pieces_of"),
    ("similar: definitions it uses", similar, "find"),
    ("similar: lines to show", similar, "snippets"),
    ("imported", imported, "find"),
    ("definitions", definitions, "find"),
    ("siblings", siblings, "find"),
    ("tests", tests, "find"),
    ("tests: what to show", tests, "snippets"),
    ("project", project, "snippets"),
    ("ranking", retrieval, "ranked"),
)


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of the processor and by the clock."""

    cpu_s: float
    wall_s: float


Times = dict[str, list[Took]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--generate", type=int, metavar="N_FILES")
    parser.add_argument("--cursors", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--index", type=Path, help="where the index is kept for another run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.root or Path(folder, "root")
        if arguments.generate:
            generate(root, arguments.generate)
        cache = arguments.index or Path(folder, "cache")
        place = place_of(root, cache)
        asyncio.run(_index(root, cache))
        _come_to_rest(place)
        collect_rarely()  # As the language server does.
        with contextlib.ExitStack() as stack:
            if arguments.write:
                _write(stack, arguments.write)
            print("\n".join(_report(place, arguments.cursors, arguments.seed)))


async def _index(root: Path, cache: Path) -> None:
    ready = asyncio.Event()

    def show(progress: Progress) -> None:
        if progress.phase is Phase.STOPPED:
            sys.exit(progress.message)
        if progress.phase is Phase.READY:
            ready.set()

    index = Index(str(root), IndexOptions(folder=cache, is_awaited=True), show)
    index.start()
    await ready.wait()
    await index.close()


def _come_to_rest(place: Place) -> None:
    """Merge what was written, as an indexer does when nothing is left to be read."""
    with contextlib.closing(open_to_write(place.database)) as connection:
        store = Store(connection)
        while store.merge():
            pass


def _write(stack: contextlib.ExitStack, path: Path) -> None:
    """Have all that is gathered written to a file, until the stack is left."""
    file = stack.enter_context(path.open("w", encoding="utf-8"))
    gather = retrieval.gather

    def written(*arguments: Any) -> Any:
        found = gather(*arguments)
        file.write(json.dumps(list(map(astuple, found))) + "\n")
        return found

    stack.callback(setattr, retrieval, "gather", gather)
    setattr(retrieval, "gather", written)  # noqa: B010  mypy would have it otherwise


def _files(place: Place) -> list[tuple[str, int, str]]:
    """Path, size and language of all that is indexed."""
    with contextlib.closing(sqlite3.connect(place.database)) as db:
        rows = db.execute(
            "SELECT tail, size, language FROM files JOIN blobs ON blobs.id = blob ORDER BY tail"
        )
        return [(tail[::-1], size, language) for tail, size, language in rows]


def _report(place: Place, n_cursors: int, seed: int) -> Iterator[str]:
    files = _files(place)
    code = [path for path, _, language in files if language != PLAIN]
    yield (
        f"{len(files):,} files, {sum(size for _, size, _ in files) / 1e6:.0f} MB, "
        f"{len(code):,} of them code; {platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, tree-sitter {tree_sitter.LANGUAGE_VERSION}.\n"
    )
    spots = list(cursors(place.root, code, n_cursors, random.Random(seed)))
    times = {name: list[Took]() for name in CASES}
    measure(place, spots, lambda case: _timed(times[case]))
    yield (
        f"| {len(spots)} gatherings each | processor ms, p50 | p95 | max "
        "| clock ms, p50 | p95 | max |"
    )
    yield "| --- |" + " ---: |" * 6
    for name in CASES:
        yield f"| {name} | {_cells(times[name])} |"
    yield ""
    parts: dict[str, Times] = {name: {part[0]: [] for part in PARTS} for name in CASES}
    with contextlib.ExitStack() as stack:
        case = _watched(stack, parts)
        measure(place, spots, case)
    yield "| mean processor ms | " + " | ".join(CASES) + " |"
    yield "| --- |" + " ---: |" * len(CASES)
    for title, _, _ in PARTS:
        means = (sum(t.cpu_s for t in parts[name][title]) / len(spots) for name in CASES)
        yield f"| {title} | " + " | ".join(f"{mean * 1e3:.2f}" for mean in means) + " |"


def _cells(times: Sequence[Took]) -> str:
    each = ([took.cpu_s for took in times], [took.wall_s for took in times])
    return " | ".join(
        f"{_ms(some, 50):.1f} | {_ms(some, 95):.1f} | {max(some) * 1e3:.1f}" for some in each
    )


def _ms(times: Sequence[float], percentile: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percentile - 1] * 1e3


Case = Callable[[str], contextlib.AbstractContextManager[None]]


def cursors(
    root: Path, paths: Sequence[str], n: int, rng: random.Random
) -> Iterator[tuple[Snapshot, Snapshot, Snapshot]]:
    """Places to gather for: somewhere in a file, one char later, and elsewhere in the file."""
    for path in (rng.choice(paths) for _ in range(n)):
        content = (root / path).read_bytes().decode("utf-8", "replace")
        text = Text.of(content)
        lines = [number for number in range(text.n_lines) if text.line(number).strip()]
        here, there = (_cut(path, text, rng.choice(lines), rng) for _ in range(2))
        at = here.char_offset
        typed = replace(here, text=here.text.splice(at, at, "x"), char_offset=at + 1)
        yield here, typed, there


def _cut(path: str, text: Text, line: int, rng: random.Random) -> Snapshot:
    """The cursor somewhere in the line, and nothing behind it there."""
    code = text.line(line)
    at = text.line_start(line) + rng.randint(len(indentation(code)), len(code))
    language = language_of(path)
    return Snapshot(
        uri=f"file:///{path}",
        path=path,
        language_id=language.name if language else "",
        text=text.splice(at, text.line_end(line), ""),
        char_offset=at,
        repository="benchmark",
    )


def measure(place: Place, spots: Sequence[tuple[Snapshot, ...]], case: Case) -> None:
    for here, _, _ in spots:
        with _opened(place) as reader:
            _hold(reader, here)
            with case(CASES[0]):
                retrieval.gather(here, reader)
    with _opened(place) as reader:
        for here, typed, there in spots:
            _hold(reader, here)
            for name, snapshot in zip(CASES[1:4], (here, typed, there), strict=True):
                with case(name):
                    retrieval.gather(snapshot, reader)
            reader.overlay.remove(here.path)
    with _opened(place) as reader, contextlib.closing(open_to_write(place.database)) as connection:
        store = Store(connection)
        for number, (here, typed, _) in enumerate(spots):
            _hold(reader, here)
            retrieval.gather(here, reader)
            _save(store, place.root, spots[number - 1][0].path, number)
            with case(CASES[4]):
                retrieval.gather(typed, reader)
            reader.overlay.remove(here.path)


def _save(store: Store, root: Path, path: str, number: int) -> None:
    """Put a file into the index as if it had one more definition; the file stays as it is."""
    data = utf8_of((root / path).read_bytes()) + _SAVED % number
    digest, contents = digest_of(path, data), contents_of(path, data)
    store.put([Parsed(path, len(data), 0, digest, contents=contents)])
    store.commit()


@contextlib.contextmanager
def _opened(place: Place) -> Iterator[Reader]:
    reader = Reader(place)
    try:
        yield reader
    finally:
        reader.close()


def _hold(reader: Reader, snapshot: Snapshot) -> None:
    """The editor holds the file, and that was seen to in the background."""
    reader.overlay.put(snapshot.path, snapshot.text.content)
    reader.overlay.refresh()


@contextlib.contextmanager
def _timed(times: list[Took]) -> Iterator[None]:
    cpu, wall = time.thread_time(), time.perf_counter()
    yield
    times.append(Took(time.thread_time() - cpu, time.perf_counter() - wall))


def _watched(stack: contextlib.ExitStack, parts: dict[str, Times]) -> Case:
    """Time each part as it is called in a case, until the stack is left."""
    current: list[str] = []

    def watched(title: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if not current:
                return function(*arguments)
            with _timed(parts[current[0]][title]):
                found = function(*arguments)
                return list(found) if isinstance(found, Iterator) else found

        return call

    for title, module, name in PARTS:
        function = getattr(module, name)
        setattr(module, name, watched(title, function))
        stack.callback(setattr, module, name, function)

    @contextlib.contextmanager
    def case(name: str) -> Iterator[None]:
        current.append(name)
        yield
        current.clear()

    return case


if __name__ == "__main__":
    main()
