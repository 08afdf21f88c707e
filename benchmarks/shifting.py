"""What it saves, and what it costs in quality, to copy keys and values to another position.

Takes single-line infills of held-out files, after a change of the prompt. `line`: somebody types a
line of their own 15 lines above or below the infill, then goes to the infill and asks. `context`:
the file was shown behind code of other files than it is now, as retrieval changes its mind. Every
infill is asked of an engine that evaluates anew whatever stands behind a change, and of one that
copies runs of tokens (`shift_tokens`). Prints a Markdown table:

    python -m benchmarks.shifting --corpus corpus.jsonl [--change line|context] [--model M.gguf]
        [--count N] [--seed S]
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from sc2_lsp.completion.anchors import Anchors
from sc2_lsp.completion.assemble import assemble
from sc2_lsp.completion.means import Means
from sc2_lsp.domain import Generation, GenerationRequest, Prompt, Snapshot, Snippet, StopRule
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings
from sc2_lsp.text import Text
from training.corpus import load_corpus
from training.evaluate import similarity, standard_error
from training.infills import Infill, sample_infills

N_LINES_AWAY = 15
TYPED_THERE = "\n    # Check the given value first."


@dataclass(frozen=True, slots=True)
class Result:
    """An infill as one engine answered it."""

    exact: bool
    similarity: float
    n_evaluated: int
    n_shifted: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--change", choices=["line", "context"], default="line")
    parser.add_argument("--model", default="")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--layouts", nargs="+", default=["anchored", "spm"])
    parser.add_argument("--shift", nargs="+", type=int, default=[0, 32])
    arguments = parser.parse_args()
    files = [file for file in load_corpus(arguments.corpus) if file.held_out]
    infills = sample_infills(files, arguments.count, arguments.seed)
    print("| layout | shift_tokens | n | exact match | edit similarity | evaluated | copied |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for layout in arguments.layouts:
        exact: list[list[Result]] = []
        for shift_tokens in arguments.shift:
            settings = Settings(model=arguments.model, layout=layout, shift_tokens=shift_tokens)
            prepare = type_a_line if arguments.change == "line" else show_other_code
            exact.append(asyncio.run(ask_all(infills, settings, prepare)))
            print(row(layout, shift_tokens, exact[-1], exact[0]), flush=True)
    print(
        f"\n{arguments.change}: {arguments.count} infills, seed {arguments.seed}; llama-cpp-python "
        f"{version('llama-cpp-python')}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}."
    )


@dataclass(frozen=True, slots=True)
class Question:
    """An infill to ask an engine, `content` being the file and `cursor` where it is missing."""

    number: int
    infill: Infill
    other: Infill
    settings: Settings
    engine: EngineClient
    content: str
    cursor: int

    async def means(self, shown: Infill) -> Means:
        snippets = tuple(Snippet(e.path, 0, e.text, "benchmark", "") for e in shown.context)
        return Means(self.settings, await self.engine.describe(), self.engine, lambda _: snippets)


Prepare = Callable[[Question, Anchors], Awaitable[Question]]


async def ask_all(infills: list[Infill], settings: Settings, prepare: Prepare) -> list[Result]:
    engine = EngineClient(replace(engine_spec(settings), warm_start_mb=0), time.monotonic)
    try:
        return [
            await ask(
                Question(
                    number=number,
                    infill=infill,
                    other=infills[number - 1],
                    settings=settings,
                    engine=engine,
                    content=infill.prefix + infill.suffix,
                    cursor=len(infill.prefix),
                ),
                prepare,
            )
            for number, infill in enumerate(infills)
        ]
    finally:
        await engine.close()


async def ask(question: Question, prepare: Prepare) -> Result:
    anchors = Anchors()
    question = await prepare(question, anchors)
    infill, engine = question.infill, question.engine
    here = at(infill, question.content, question.cursor)
    prompt = await assemble(here, anchors, await question.means(infill))
    generation = await generate(prompt, engine, 48)
    predicted, truth = generation.text.rstrip(), infill.middle.rstrip()
    return Result(
        predicted == truth,
        similarity(predicted, truth),
        generation.n_evaluated,
        generation.n_shifted,
    )


async def type_a_line(question: Question, anchors: Anchors) -> Question:
    """The file as it is after a line was typed some lines away."""
    infill, engine, means = question.infill, question.engine, await question.means(question.infill)
    content, cursor = question.content, question.cursor
    for place in places_around(content, cursor, below=question.number % 2 == 0):
        await generate(await assemble(at(infill, content, place), anchors, means), engine, 0)
        content = content[:place] + TYPED_THERE + content[place:]
        cursor += len(TYPED_THERE) if place <= cursor else 0
        there = at(infill, content, place + len(TYPED_THERE))
        await generate(await assemble(there, anchors, means), engine, 0)
    return replace(question, content=content, cursor=cursor)


async def show_other_code(question: Question, anchors: Anchors) -> Question:
    """Nothing typed, but the code of another infill's repository was shown before."""
    here = at(question.infill, question.content, question.cursor)
    prompt = await assemble(here, Anchors(), await question.means(question.other))
    await generate(prompt, question.engine, 0)
    return question


def places_around(content: str, cursor: int, *, below: bool) -> Iterator[int]:
    """The end of a line some lines away from the cursor."""
    text = Text.of(content)
    line = text.line_at(cursor) + (N_LINES_AWAY if below else -N_LINES_AWAY)
    if 0 <= line < text.n_lines:
        yield text.line_end(line)


def at(infill: Infill, content: str, cursor: int) -> Snapshot:
    text = Text.of(content)
    return Snapshot("file:///infill", infill.path, "python", text, cursor, infill.package)


async def generate(prompt: Prompt, engine: EngineClient, max_tokens: int) -> Generation:
    return await engine.generate(
        GenerationRequest(
            tokens=prompt.tokens,
            max_tokens=max_tokens,
            deadline_s=600.0,
            stop=StopRule(max_lines=1),
            required=prompt.required,
        )
    )


def row(layout: str, shift_tokens: int, results: list[Result], plain: list[Result]) -> str:
    exact = [100.0 * r.exact for r in results]
    gain = [100.0 * (r.exact - p.exact) for r, p in zip(results, plain, strict=True)]
    alike = 100 * np.mean([r.similarity for r in results])
    return (
        f"| {layout} | {shift_tokens} | {len(results)} "
        f"| {np.mean(exact):.1f} ± {standard_error(exact):.1f} % "
        f"({np.mean(gain):+.1f} ± {standard_error(gain):.1f}) | {alike:.1f} % "
        f"| {np.mean([r.n_evaluated for r in results]):.0f} "
        f"| {np.mean([r.n_shifted for r in results]):.0f} |"
    )


if __name__ == "__main__":
    main()
