"""Simulated developers: a repository, a file and what is typed, each their own; and our editor.

A repository is a folder of the installed packages, its own Python files alone. What is typed are
lines of one of them, with mistakes, pauses and jumps; up to four others are open. Nobody accepts.
On a machine that has no time to spare, everybody and everything can be slowed by the same factor:
keys, pauses, deadlines, and how long an answer is waited for.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import NoReturn

import msgspec

from benchmarks.screen import Screen
from sc2_lsp.bench.keystrokes import Passage, Scenario, Stroke, strokes
from sc2_lsp.completion import pipeline
from sc2_lsp.completion.idle import Pauses
from sc2_lsp.completion.service import CompletionService
from sc2_lsp.domain import OpenFile, Outcome, Snapshot, Trigger
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.remote import (
    connecting,
    lane,
    pace,
    pausing,
    pulse,
    remote,
    silence,
    transport,
)
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.engine.remote.stream import Stream
from sc2_lsp.engine.remote.team import TeamEngine
from sc2_lsp.models import engine_spec
from sc2_lsp.ports import EngineUnavailable
from sc2_lsp.settings import Settings
from sc2_lsp.text import Text
from tests.support.memory_index import MemoryIndex

FEWEST_FILES, MOST_FILES = 4, 20
FEWEST_BYTES, MOST_BYTES = 6_000, 80_000
FEWEST_LINES = 150
N_OPEN = 4
PASSAGE_LINES = 40
LONGEST_DEADLINE_MS = 600_000
_LEFT_OUT = {"tests", "test", "_vendor", "_unicode_data"}
LONGEST_SETTLING_S = 120.0
_SETTLED_S = 0.02


@dataclass(frozen=True, slots=True)
class Developer:
    """`files` are the repository's, by name; `file` is typed in, `before` is how it is opened."""

    number: int
    root: Path
    files: dict[str, str]
    file: str
    before: Text
    cursor: int
    others: tuple[str, ...]
    strokes: tuple[Stroke, ...]

    @property
    def cycle_s(self) -> float:
        """How long a line takes, with the rest behind it, in the time of `strokes`."""
        n_lines = sum(stroke.text.startswith(("\n", "\r")) for stroke in self.strokes)
        return sum(stroke.pause_s for stroke in self.strokes) / max(n_lines, 1)


def repositories(root: Path) -> dict[Path, list[Path]]:
    """Folders of several Python files of some length each, with these files."""
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(root.rglob("*.py")):
        is_code = _LEFT_OUT.isdisjoint(path.relative_to(root).parts)
        if is_code and FEWEST_BYTES <= path.stat().st_size <= MOST_BYTES:
            folders[path.parent].append(path)
    return {folder: files for folder, files in folders.items() if len(files) >= FEWEST_FILES}


def team(
    folders: dict[Path, list[Path]], n_developers: int, n_keys: int, seed: int, share: float = 1.0
) -> list[Developer]:
    """`n_developers`, each in a folder of their own; raises ValueError where there are too few.

    Each types for `share` of the time.
    """
    rng = random.Random(seed)
    people: list[Developer] = []
    for root in rng.sample(sorted(folders), len(folders)):
        if len(people) == n_developers:
            return people
        files = _texts(folders[root])
        if len(files) >= FEWEST_FILES:
            people.append(_developer(len(people), root, files, n_keys, share, rng))
    if len(people) < n_developers:
        raise ValueError(f"only {len(people)} folders hold code for a developer each")
    return people


def _texts(paths: list[Path]) -> dict[str, str]:
    texts = {}
    for path in paths[:MOST_FILES]:
        with suppress(OSError, UnicodeDecodeError):
            content = path.read_bytes().decode("utf-8")
            if content.count("\n") >= FEWEST_LINES:
                texts[path.name] = content
    return texts


def _developer(
    number: int, root: Path, files: dict[str, str], n_keys: int, share: float, rng: random.Random
) -> Developer:
    name, *others = rng.sample(sorted(files), min(len(files), 1 + N_OPEN))
    whole = Text.of(files[name])
    passage = Passage(whole, rng.randrange(60, whole.n_lines - PASSAGE_LINES - 1), PASSAGE_LINES)
    typed = list(strokes(passage, Scenario.MIXED, None, rng.randrange(1 << 30)))[:n_keys]
    return Developer(
        number=number,
        root=root,
        files=files,
        file=name,
        before=passage.before,
        cursor=passage.start,
        others=tuple(others),
        strokes=tuple(with_rests(typed, share, number)),
    )


def with_rests(typed: Iterable[Stroke], share: float, seed: int) -> list[Stroke]:
    """The same strokes, with rests behind lines so long that hands type for `share` of the time."""
    rng = random.Random(seed)
    rested, typed_s = [], 0.0
    for stroke in typed:
        typed_s += stroke.pause_s
        if stroke.text.startswith(("\n", "\r")):
            rest_s = typed_s * (1 - share) / share * rng.uniform(0.5, 1.5)
            stroke, typed_s = replace(stroke, pause_s=stroke.pause_s + rest_s), 0.0
        rested.append(stroke)
    return rested


def slowed(typed: Iterable[Stroke], factor: float) -> list[Stroke]:
    return [replace(stroke, pause_s=stroke.pause_s * factor) for stroke in typed]


@dataclass(slots=True)
class Costs:
    """Keys, requests and tokens by what they were for: a kind of key, or work in the background.

    What was asked for one key and is over when another was pressed counts for that one.
    """

    n_keys: Counter[str] = field(default_factory=Counter)
    n_asked: Counter[str] = field(default_factory=Counter)
    n_evaluated: Counter[str] = field(default_factory=Counter)
    n_generated: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, n_evaluated: int, n_generated: int) -> None:
        self.n_asked[kind] += 1
        self.n_evaluated[kind] += n_evaluated
        self.n_generated[kind] += n_generated

    def __iadd__(self, other: Costs) -> Costs:
        self.n_keys += other.n_keys
        self.n_asked += other.n_asked
        self.n_evaluated += other.n_evaluated
        self.n_generated += other.n_generated
        return self


class Ours:
    """An editor in front of the pipeline that a language server has, with the team's engine.

    As editors do, it asks at each key and gives up what it asked before. The model of this machine
    is none, so that what the server does not answer nobody does.
    """

    def __init__(self, url: str, developer: Developer, slower: float = 1.0) -> None:
        settings = slowed_settings(Settings(endpoint=url), slower)
        self.screen = Screen()
        self.ends: Counter[str] = Counter()
        self.costs = Costs()
        self._slower = slower
        self._kind = "opened"
        self._developer = developer
        self._settings = settings
        self._text, self._cursor = developer.before, developer.cursor
        self._others = tuple(
            OpenFile(name, Text.of(developer.files[name]), 0) for name in developer.others
        )
        index = MemoryIndex(developer.files)
        spec = replace(engine_spec(settings), model_path=str(developer.root / "none"))
        local = _Nobody(spec, time.monotonic)
        self._engine = TeamEngine(local, spec, time.monotonic)
        self._service = CompletionService(
            self._engine,
            time.monotonic,
            lambda: False,
            Pauses(*(pause_s * slower for pause_s in astuple(Pauses()))),
            index_for=lambda snapshot: index,
        )
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the file, ask once, and let the background prepare, for no longer than it may take.

        What it has not done by then it does later, at its own cost.
        """
        while self._engine.state != "ready":
            engine = await self._engine.for_request()
            if isinstance(engine, RemoteEngine):
                engine.lane.observe = self._count
            await asyncio.sleep(_SETTLED_S)
        self._service.opened(self._snapshot(), self._settings)
        await self._settle()
        await self._service.complete(self._snapshot(), Trigger.AUTOMATIC, self._settings)
        await self._settle()
        self.costs = Costs()

    def press(self, stroke: Stroke) -> None:
        self._text = self._text.splice(stroke.start, stroke.end, stroke.text)
        self._cursor = stroke.cursor
        self._kind = stroke.kind.value
        self.costs.n_keys[self._kind] += 1
        self.screen.key()
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.ensure_future(self._complete(self._snapshot()))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._service.close()
        await self._engine.close()

    async def _complete(self, snapshot: Snapshot) -> None:
        try:
            outcome = await self._service.complete(snapshot, Trigger.AUTOMATIC, self._settings)
        except asyncio.CancelledError:
            self.ends["overtaken"] += 1
            raise
        self.ends[_end(outcome)] += 1
        if outcome.suggestion is not None:
            self.screen.show()

    def _snapshot(self) -> Snapshot:
        developer = self._developer
        return Snapshot(
            uri=(developer.root / developer.file).as_uri(),
            path=developer.file,
            language_id="python",
            text=self._text,
            char_offset=self._cursor,
            repository=developer.root.name,
            open_files=self._others,
        )

    def _count(self, stream: Stream) -> None:
        kind = self._kind
        if stream.is_background:
            kind = "ahead" if stream.n_tokens else "prepared"
        self.costs.add(kind, stream.n_evaluated, len(stream.pieces))

    async def _settle(self) -> None:
        ends_at_s = time.monotonic() + LONGEST_SETTLING_S * self._slower
        while True:
            await asyncio.sleep(_SETTLED_S)
            if not self._service.is_preparing or time.monotonic() > ends_at_s:
                return


class _Nobody(EngineClient):
    """In place of an engine of this machine: what the server loses is answered by nobody."""

    def _begin_loading(self) -> NoReturn:
        raise EngineUnavailable("Nobody answers in the server's place.")


def slowed_settings(settings: Settings, factor: float) -> Settings:
    """With a deadline that is as much later, within what the setting allows."""
    deadline_ms = int(settings.deadline_ms * max(1.0, factor))
    return msgspec.structs.replace(settings, deadline_ms=min(LONGEST_DEADLINE_MS, deadline_ms))


def slow_down(factor: float) -> None:
    """Let the pipeline and the remote engine of this process wait as much longer."""
    for module, names in (
        (connecting, ("CONNECT_S", "ANSWER_S")),
        (transport, ("CONNECT_S", "ANSWER_S")),
        (pulse, ("QUIET_S", "PATIENCE_S", "_LONGEST_PATIENCE_S")),
        (remote, ("_PROBE_S", "_FIRST_WAIT_S", "_FIRST_PAUSE_S", "_LONGEST_PAUSE_S")),
        (remote, ("_LEAST_DEBT_S",)),
        (lane, ("_LINGER_S", "_BATCH_S", "_LONGEST_DRAIN_S", "_REST_S")),
        (lane, ("_LEAST_RELEASE_S", "_LONGEST_RELEASE_S", "_AT_WORK_S", "_LAST_S")),
        (silence, ("PATIENCE_S", "HEAD_START_S", "_LEAST_SLICE_S")),
        (pausing, ("_LEAST_S", "_LONGEST_S", "_LONGEST_UNTOLD_S")),
        (pace, ("_BUSY_WAIT_S", "_REMEMBERED_S", "_SHARED_S", "_OF_LATE_S")),
        (pipeline, ("_AT_ONCE_S",)),
    ):
        for name in names:
            setattr(module, name, getattr(module, name) * factor)


def _end(outcome: Outcome) -> str:
    if outcome.reason is not None:
        return outcome.reason.value
    return "typed through" if outcome.usage.cached else "suggested"
