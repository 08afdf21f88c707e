"""What a prompt layout and token healing do to the quality of suggestions.

Takes single-line infills of held-out files (`training/infills.py`) and asks each under every
layout, with the product's own prompts. 'typed' are the lines between the anchor and the cursor:
`near` is an anchor as it is dropped where somebody begins to type, `far` one with up to 15 lines
more typed since. Greedy; a prediction is the first line written. The loss is of the rest of the
line, token by token; with healing, of the tokens that go on from the place stepped back to, each
among the tokens that agree with what was typed. Prints Markdown tables:

    python -m benchmarks.quality --corpus corpus.jsonl [--model M.gguf] [--count N] [--seed S]
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.assemble import assemble
from sc2_lsp.completion.means import Means
from sc2_lsp.domain import (
    Generation,
    GenerationRequest,
    ModelInfo,
    OpenFile,
    Snapshot,
    Snippet,
    Tokens,
)
from sc2_lsp.models import BUNDLED_MODEL
from sc2_lsp.settings import Settings
from sc2_lsp.text import Text
from sc2_lsp.vocabulary import SPECIAL_TOKENS
from training.corpus import load_corpus
from training.evaluate import MAX_NEW_TOKENS, Llama, loaded, similarity, standard_error
from training.infills import Infill, sample_infills

LINES_TYPED = 15
MODEL = ModelInfo("", "", "", 0, n_ctx=4096, n_ctx_train=4096)
CURSORS = ("line start", "inside a word", "after a word", "after punctuation or blank")


@dataclass(frozen=True, slots=True)
class Way:
    """How an infill is asked."""

    layout: str
    typed: str
    healing: bool

    @property
    def name(self) -> str:
        typed = f", {self.typed}" if self.layout == "anchored" else ""
        return f"{self.layout}{typed}{', healed' if self.healing else ''}"


@dataclass(frozen=True, slots=True)
class Result:
    """One infill asked one way; `loss` is in nats."""

    way: str
    cursor: str
    n_chars: int
    exact: bool
    similarity: float
    loss: float
    n_typed: int


WAYS = (
    Way("psm", "near", healing=False),
    Way("anchored", "near", healing=False),
    Way("anchored", "near", healing=True),
    Way("anchored", "far", healing=False),
    Way("anchored", "far", healing=True),
    Way("spm", "near", healing=False),
    Way("spm", "near", healing=True),
)


class TokenizerOnly:
    """The `Engine` port of a model in this process, as far as prompts need it."""

    def __init__(self, model: Llama) -> None:
        self._model = model

    async def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        return [tuple(self._model.tokenize(text)) for text in texts]

    async def describe(self) -> ModelInfo:
        return MODEL

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return b"".join(map(self._model.text, tokens)).decode(errors="replace")

    async def generate(self, request: GenerationRequest) -> Generation:
        raise NotImplementedError("prompts alone are asked for")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=BUNDLED_MODEL)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--processes", type=int, default=2, help="each computes in one thread")
    arguments = parser.parse_args()
    started_s = time.monotonic()
    files = [file for file in load_corpus(arguments.corpus) if file.held_out]
    infills = sample_infills(files, arguments.count, arguments.seed)
    with ProcessPoolExecutor(arguments.processes) as pool:
        answers = pool.map(partial(ask_all, arguments.model), infills, chunksize=5)
        results = [result for some in answers for result in some]
    print(
        f"{arguments.model.name}, {arguments.count} infills, seed {arguments.seed}, "
        f"{time.monotonic() - started_s:.0f} s; llama-cpp-python {version('llama-cpp-python')}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}.\n"
    )
    print("\n".join(table(results)))
    for cursor in CURSORS:
        print(f"\nCursor: {cursor}\n")
        print("\n".join(table([result for result in results if result.cursor == cursor])))


def ask_all(path: Path, infill: Infill) -> list[Result]:
    return [ask(loaded(path), infill, way) for way in WAYS]


def ask(model: Llama, infill: Infill, way: Way) -> Result:
    prompt, required = asyncio.run(prompt_of(model, infill, way))
    middle = model.tokenize(required.decode() + infill.middle)
    model.clear()
    tables = model.evaluate([*prompt, *middle[:-1]], 0, len(middle))
    rest, loss = required, 0.0
    for row, token in zip(tables, middle, strict=True):
        allowed = agreeing(model, rest)
        loss -= row[token] - (np.logaddexp.reduce(row[allowed]) if rest else 0.0)
        rest = rest[len(model.text(token)) :]
    model.keep(len(prompt))
    predicted = first_line(model, tables[0], len(prompt), required)
    truth = infill.middle.rstrip()
    return Result(
        way.name,
        infill.cursor,
        len(infill.middle),
        predicted == truth,
        similarity(predicted, truth),
        float(loss),
        len(prompt) - prompt.index(2) - 1,
    )


async def prompt_of(model: Llama, infill: Infill, way: Way) -> tuple[list[int], bytes]:
    """The product's prompt, and the bytes that it leaves to the model to write again."""
    snippets = tuple(
        Snippet(excerpt.path, 0, excerpt.text, "benchmark", "") for excerpt in infill.context
    )
    settings = Settings(layout=way.layout, token_healing=way.healing)  # type: ignore[arg-type]
    means = Means(settings, MODEL, TokenizerOnly(model), lambda _: snippets)
    anchors = Anchors()
    if way.typed == "far":
        lines = infill.prefix.splitlines(keepends=True)
        before = "".join(lines[: -LINES_TYPED - 1])
        await assemble(snapshot(infill, before, "\n"), anchors, means)
    prompt = await assemble(snapshot(infill, infill.prefix, ""), anchors, means)
    return list(prompt.tokens), prompt.required


def snapshot(infill: Infill, prefix: str, typed: str) -> Snapshot:
    others: tuple[OpenFile, ...] = ()
    text = Text.of(prefix + typed.removesuffix("\n") + infill.suffix)
    return Snapshot(
        "file:///infill", infill.path, "python", text, len(prefix), infill.package, others
    )


def first_line(model: Llama, row: np.ndarray, position: int, required: bytes) -> str:
    """Greedy text behind the required bytes, to the end of the line or a control token."""
    written = b""
    for step in range(MAX_NEW_TOKENS):
        rest = required[len(written) :]
        if rest:
            allowed = agreeing(model, rest)
            token = int(allowed[row[allowed].argmax()])
        else:
            token = int(row.argmax())
        if token < len(SPECIAL_TOKENS):
            break
        written += model.text(token)
        if b"\n" in written[len(required) :]:
            break
        row = model.evaluate([token], position + step, 1)[0]
    answer = written[len(required) :].decode(errors="replace")
    return answer.split("\n", 1)[0].rstrip()


@cache
def agreeing(model: Llama, rest: bytes) -> np.ndarray:
    """The tokens that go on with `rest`, or are a beginning of it; all where nothing is left."""
    pieces = vocabulary(model)
    return np.array(
        [
            token
            for token, piece in enumerate(pieces)
            if not rest or (piece and (piece.startswith(rest) or rest.startswith(piece)))
        ]
    )


@cache
def vocabulary(model: Llama) -> list[bytes]:
    specials = [b""] * len(SPECIAL_TOKENS)
    return specials + [model.text(token) for token in range(len(specials), model.size)]


def table(results: list[Result]) -> Iterator[str]:
    yield "| layout | n | exact match | edit similarity | nats/character | typed tokens |"
    yield "|---|--:|--:|--:|--:|--:|"
    plain = [r.exact for r in results if r.way == WAYS[0].name]
    for way in WAYS:
        some = [r for r in results if r.way == way.name]
        exact = [100.0 * r.exact for r in some]
        gain = [100.0 * (r.exact - p) for r, p in zip(some, plain, strict=True)]
        loss = sum(r.loss for r in some) / sum(r.n_chars for r in some)
        yield (
            f"| {way.name} | {len(some)} | {np.mean(exact):.1f} ± {standard_error(exact):.1f} % "
            f"({np.mean(gain):+.1f} ± {standard_error(gain):.1f}) "
            f"| {100 * np.mean([r.similarity for r in some]):.1f} % | {loss:.4f} "
            f"| {np.mean([r.n_typed for r in some]):.0f} |"
        )


if __name__ == "__main__":
    main()
