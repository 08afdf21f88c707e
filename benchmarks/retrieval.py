"""Whether the definition that is needed stands in the context: hidden lines of real repositories.

For each line of `benchmarks.hidden_lines` every contender fills a budget of tokens, separators and
paths counted, and is asked whether the signature that the line needs is in it. Contenders: nothing;
a ring buffer of the last 16 chunks of 64 lines of other files, drawn at random with a fixed seed;
windows of 20 lines by BM25 for the words of the 20 lines before the cursor; and ours. The
two others may have their last piece cut to the budget. With `--losses N` the bundled model is also
asked for the first N hidden lines of each package, with the product's own prompts and 1,000 tokens
of every contender's context; `--window` bounds the tokens of the file before and behind the line.
Prints Markdown tables:

    python -m benchmarks.retrieval [--packages P …] [--count N] [--losses N] [--misses]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.hidden_lines import KINDS, Hidden, normal, python_files, sample
from benchmarks.quality import MODEL, TokenizerOnly, agreeing, first_line
from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.assemble import assemble
from sc2_lsp.completion.means import Means
from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.models import BUNDLED_MODEL
from sc2_lsp.prompt.starcoder2 import file_text
from sc2_lsp.retrieval import gather, group, select
from sc2_lsp.settings import Settings
from sc2_lsp.syntax import identifiers
from sc2_lsp.text import Text
from tests.support.memory_index import MemoryIndex
from training.evaluate import Llama, standard_error

DEVELOPMENT = ("rich", "click", "hypothesis", "tomlkit", "pip")
REPORTED = (
    "_pytest",
    "mypy",
    "pydantic",
    "urllib3",
    "jinja2",
    "hatchling",
    "setuptools",
    "huggingface_hub",
    "matplotlib",
)
BUDGETS = (500, 1000, 2000)
LOSS_BUDGET = 1000
CHUNK_LINES, N_CHUNKS = 64, 16
WINDOW_LINES = 20

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Repository:
    """A package with what its contenders look in."""

    name: str
    files: dict[str, str]
    index: MemoryIndex
    windows: sqlite3.Connection


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a contender showed what a hidden line needs, by budget."""

    hidden: Hidden
    contender: str
    found: tuple[bool, ...]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Loss:
    """What the model made of a hidden line with a contender's context; `nats` of all its tokens."""

    contender: str
    n_chars: int
    nats: float
    exact: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(sysconfig.get_path("purelib")))
    parser.add_argument("--packages", nargs="+", default=REPORTED)
    parser.add_argument("--count", type=int, default=60, help="hidden lines a package")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--losses", type=int, default=0, help="lines a package for the model")
    parser.add_argument(
        "--window", type=int, nargs=2, default=(Settings().prefix_tokens, Settings().suffix_tokens)
    )
    parser.add_argument("--misses", action="store_true", help="list what we did not find")
    arguments = parser.parse_args()
    model = Llama(BUNDLED_MODEL, threads=1)

    @lru_cache(maxsize=1_000_000)
    def count(text: str) -> int:
        return len(model.tokenize(text))

    answers: list[Answer] = []
    losses: list[Loss] = []
    for name in arguments.packages:
        hidden_lines = sample(arguments.root / name, arguments.count, arguments.seed)
        repository = opened(arguments.root / name)
        for hidden in hidden_lines:
            answers += asked(hidden, repository, count)
        for hidden in hidden_lines[: arguments.losses]:
            losses += [
                lost(model, hidden, name, shown, tuple(arguments.window))
                for name, shown in contexts(hidden, repository, count)
            ]
    print("\n".join(report(answers)))
    if losses:
        print()
        print("\n".join(report_of_losses(losses)))
    if arguments.misses:
        for answer in answers:
            if answer.contender == "ours" and not answer.found[1]:
                hidden = answer.hidden
                print(f"{hidden.kind}: {hidden.name} of {hidden.target} [{answer.found[2]}]")
                print(
                    f"    {hidden.path}:{hidden.content.count(chr(10), 0, hidden.char_offset) + 1}"
                    f" {hidden.line}"
                )


def opened(root: Path) -> Repository:
    files = dict(python_files(root))
    windows = sqlite3.connect(":memory:")
    windows.execute(
        "create virtual table pieces using fts5(words, path unindexed, first unindexed)"
    )
    for path, content in files.items():
        lines = content.split("\n")
        for first in range(0, len(lines), WINDOW_LINES):
            words = " ".join(identifiers("\n".join(lines[first : first + WINDOW_LINES])))
            windows.execute("insert into pieces values (?, ?, ?)", (words, path, first))
    return Repository(root.name, files, MemoryIndex(files), windows)


def asked(hidden: Hidden, repository: Repository, count: Count) -> Iterator[Answer]:
    for name, contender in CONTENDERS.items():
        started_s = time.perf_counter()
        pieces = contender(hidden, repository)
        took_s = time.perf_counter() - started_s
        found = tuple(needed(hidden, fitted(name, pieces, count, budget)) for budget in BUDGETS)
        yield Answer(hidden, name, found, 1000 * took_s)


def contexts(
    hidden: Hidden, repository: Repository, count: Count
) -> Iterator[tuple[str, tuple[Snippet, ...]]]:
    """What each contender shows within the budget that the model is asked with."""
    for name, contender in CONTENDERS.items():
        yield name, fitted(name, contender(hidden, repository), count, LOSS_BUDGET)


def fitted(
    name: str, pieces: tuple[Snippet, ...], count: Count, budget: int
) -> tuple[Snippet, ...]:
    """What of the pieces fits `budget` tokens, best first."""
    if name != "ours":
        shown = cut(pieces, count, budget)
    else:
        # Lines are counted one by one, so that the whole may be a few tokens longer.
        room = budget
        while True:
            shown = group(select(pieces, lambda line: count(line + "\n"), room))
            excess = tokens(shown, count) - budget
            if excess <= 0:
                break
            room -= excess
    assert tokens(shown, count) <= budget
    return shown


def needed(hidden: Hidden, shown: Sequence[Snippet]) -> bool:
    """Whether the signature that the hidden line uses is shown, as code of its file."""
    return any(
        snippet.path == hidden.target and hidden.signature in normal(snippet.text)
        for snippet in shown
    )


def tokens(shown: Sequence[Snippet], count: Count) -> int:
    return sum(count(file_text(snippet.path, snippet.text)) + 1 for snippet in shown)


def cut(pieces: Sequence[Snippet], count: Count, budget: int) -> tuple[Snippet, ...]:
    """The pieces that fit, and whole lines of the next one."""
    shown: list[Snippet] = []
    for piece in pieces:
        lines = piece.text.splitlines(keepends=True)
        left = budget - tokens(shown, count)
        while lines and count(file_text(piece.path, "".join(lines))) + 1 > left:
            lines.pop()
        if lines:
            text = "".join(lines)
            shown.append(Snippet(piece.path, piece.start_line, text, piece.source, piece.reason))
        if len(lines) < len(piece.text.splitlines()):
            break
    return tuple(shown)


def nothing(hidden: Hidden, repository: Repository) -> tuple[Snippet, ...]:
    return ()


def ring_buffer(hidden: Hidden, repository: Repository) -> tuple[Snippet, ...]:
    rng = random.Random(f"{hidden.path} {hidden.char_offset}")
    chunks = []
    others = [path for path in repository.files if path != hidden.path]
    while len(chunks) < N_CHUNKS:
        path = rng.choice(others)
        lines = repository.files[path].splitlines(keepends=True)
        first = rng.randrange(0, max(len(lines) - CHUNK_LINES, 1))
        text = "".join(lines[first : first + CHUNK_LINES])
        chunks.append(Snippet(path, first, text, "ring buffer", ""))
    return tuple(chunks)


def bm25_windows(hidden: Hidden, repository: Repository) -> tuple[Snippet, ...]:
    before = hidden.content[: hidden.char_offset].split("\n")[-WINDOW_LINES - 1 :]
    words = dict.fromkeys(identifiers("\n".join(before)))
    if not words:
        return ()
    rows = repository.windows.execute(
        "select path, first from pieces where pieces match ? order by rank limit 30",
        (" OR ".join(f'"{word}"' for word in words),),
    )
    windows = []
    for path, first in rows:
        if path != hidden.path:
            lines = repository.files[path].splitlines(keepends=True)
            text = "".join(lines[first : first + WINDOW_LINES])
            windows.append(Snippet(path, first, text, "BM25", ""))
    return tuple(windows)


def ours(hidden: Hidden, repository: Repository) -> tuple[Snippet, ...]:
    return gather(snapshot(hidden), repository.index)


def snapshot(hidden: Hidden) -> Snapshot:
    return Snapshot(
        uri=f"file:///{hidden.path}",
        path=hidden.path,
        language_id="python",
        text=Text.of(hidden.content),
        char_offset=hidden.char_offset,
        repository=hidden.repository,
    )


CONTENDERS: dict[str, Callable[[Hidden, Repository], tuple[Snippet, ...]]] = {
    "nothing": nothing,
    "ring buffer": ring_buffer,
    "BM25 windows": bm25_windows,
    "ours": ours,
}


def lost(
    model: Llama,
    hidden: Hidden,
    contender: str,
    shown: tuple[Snippet, ...],
    window: tuple[int, int],
) -> Loss:
    """Asks as the product does, the context being given; what it counts again has room to fit.

    `window` bounds the tokens of the file itself, before and behind the line.
    """
    prefix_tokens, suffix_tokens = window
    settings = Settings(
        context_tokens=LOSS_BUDGET + LOSS_BUDGET // 5,
        prefix_tokens=prefix_tokens,
        suffix_tokens=suffix_tokens,
    )
    means = Means(settings, MODEL, TokenizerOnly(model), lambda _: shown)
    prompt = asyncio.run(assemble(snapshot(hidden), Anchors(), means))
    required = prompt.required
    middle = model.tokenize(required.decode() + hidden.line)
    model.clear()
    rows = model.evaluate([*prompt.tokens, *middle[:-1]], 0, len(middle))
    rest, nats = required, 0.0
    for row, token in zip(rows, middle, strict=True):
        allowed = agreeing(model, rest)
        nats -= row[token] - (np.logaddexp.reduce(row[allowed]) if rest else 0.0)
        rest = rest[len(model.text(token)) :]
    model.keep(len(prompt.tokens))
    predicted = first_line(model, rows[0], len(prompt.tokens), required)
    return Loss(contender, len(hidden.line), float(nats), predicted == hidden.line)


def report_of_losses(losses: list[Loss]) -> Iterator[str]:
    yield "| | n | nats/character | beside ours | exact match |"
    yield "|---|--:|--:|--:|--:|"
    ours = [loss for loss in losses if loss.contender == "ours"]
    for contender in CONTENDERS:
        own = [loss for loss in losses if loss.contender == contender]
        more = [one.nats - best.nats for one, best in zip(own, ours, strict=True)]
        n_chars = sum(loss.n_chars for loss in own)
        yield (
            f"| {contender} | {len(own)} | {sum(loss.nats for loss in own) / n_chars:.4f} "
            f"| {np.mean(more):+.2f} ± {standard_error(more):.2f} nats a line "
            f"| {100 * np.mean([loss.exact for loss in own]):.1f} % |"
        )


def report(answers: list[Answer]) -> Iterator[str]:
    heads = " | ".join(f"{budget} tokens" for budget in BUDGETS)
    yield f"| | n | {heads} | ms, p50 | p95 |"
    yield "|---|--:|" + "--:|" * len(BUDGETS) + "--:|--:|"
    for contender in CONTENDERS:
        own = [answer for answer in answers if answer.contender == contender]
        yield row(contender, own)
    ours = [answer for answer in answers if answer.contender == "ours"]
    for kind in KINDS:
        yield row(f"ours, {kind}", [answer for answer in ours if answer.hidden.kind == kind])
    for name in dict.fromkeys(answer.hidden.repository for answer in ours):
        some = [answer for answer in ours if answer.hidden.repository == name]
        yield row(f"ours, {name}", some)


def row(title: str, answers: list[Answer]) -> str:
    if not answers:
        return f"| {title} | 0 |" + " – |" * (len(BUDGETS) + 2)
    n = len(answers)
    shares = [100 * sum(answer.found[at] for answer in answers) / n for at in range(len(BUDGETS))]
    times = sorted(answer.milliseconds for answer in answers)
    cells = " | ".join(f"{share:.1f} %" for share in shares)
    return f"| {title} | {n} | {cells} | {times[n // 2]:.1f} | {times[int(n * 0.95)]:.1f} |"


if __name__ == "__main__":
    main()
