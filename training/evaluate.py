"""Measures a GGUF of the bundled model on single-line infills of the held-out packages, through
llama.cpp.

What is shipped is what is measured: the file, llama.cpp's tokenizer and its arithmetic. Greedy
decoding; a prediction is the first generated line. Each infill is asked with and without repository
context, in PSM and in SPM order. Prints a Markdown table and writes the single results as JSON
lines with `--out`. Trains nothing, changes nothing.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import llama_cpp
import numpy as np

from sc2_lsp.vocabulary import (
    FILE_SEP,
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    REPO_NAME,
    SPECIAL_TOKENS,
)
from training.corpus import load_corpus
from training.infills import Infill, sample_infills

CONTEXT_SIZE = 4096
MAX_NEW_TOKENS = 48


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens for the parts of a prompt."""

    prefix: int
    suffix: int
    context: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How the prompt is written."""

    spm: bool
    context: bool

    @property
    def order(self) -> str:
        return "SPM" if self.spm else "PSM"

    @property
    def name(self) -> str:
        return f"{self.order}, {'with' if self.context else 'without'} context"


@dataclass(frozen=True, slots=True)
class Result:
    """One infill in one layout; `loss` is the middle's negative log-likelihood in nats."""

    layout: str
    package: str
    cursor: str
    middle: str
    predicted: str
    exact: bool
    similarity: float
    loss: float
    middle_tokens: int
    prompt_tokens: int


LAYOUTS = [Layout(spm, context) for spm in (False, True) for context in (True, False)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--corpus", type=Path, required=True, help="corpus.jsonl as corpus.py wrote it"
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--orders", nargs="+", choices=["PSM", "SPM"], default=["PSM", "SPM"])
    parser.add_argument("--processes", type=int, default=2, help="each computes in one thread")
    parser.add_argument("--prefix-tokens", type=int, default=1500)
    parser.add_argument("--suffix-tokens", type=int, default=400)
    parser.add_argument("--context-tokens", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()

    started = time.monotonic()
    files = [f for f in load_corpus(args.corpus) if f.held_out]
    infills = sample_infills(files, args.count, args.seed)
    budget = Budget(args.prefix_tokens, args.suffix_tokens, args.context_tokens)
    layouts = [layout for layout in LAYOUTS if layout.order in args.orders]
    job = partial(ask_all, args.model, layouts, budget)
    with ProcessPoolExecutor(args.processes) as pool:
        results = [r for some in pool.map(job, infills, chunksize=5) for r in some]
    if args.out:
        lines = (json.dumps({k: getattr(r, k) for k in Result.__slots__}) for r in results)
        args.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{args.model.name}, {args.count} infills, seed {args.seed}, {len(files)} held-out files")
    print(f"llama-cpp-python {llama_cpp.__version__}, {time.monotonic() - started:.0f} s\n")
    print("\n".join(report(results)))


class Llama:
    """A llama.cpp model with one sequence; owns its native memory until the process ends."""

    def __init__(self, path: Path, threads: int) -> None:
        quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
        self._quiet = quiet
        self._model = llama_cpp.llama_model_load_from_file(
            str(path).encode(), llama_cpp.llama_model_default_params()
        )
        if not self._model:
            raise SystemExit(f"llama.cpp cannot load {path}")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = CONTEXT_SIZE
        params.n_ubatch = 512
        params.n_threads = params.n_threads_batch = threads
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.size = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self._batch = llama_cpp.llama_batch_init(CONTEXT_SIZE, 0, 1)

    def tokenize(self, text: str) -> list[int]:
        """User text: control tokens written in it stay text."""
        data = text.encode()
        out = (llama_cpp.llama_token * (len(data) + 8))()
        n = llama_cpp.llama_tokenize(self._vocab, data, len(data), out, len(out), False, False)
        return list(out[:n])

    def text(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        n = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[:n]

    def clear(self) -> None:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)

    def keep(self, tokens: int) -> None:
        """Forgets everything after the first `tokens` positions."""
        memory = llama_cpp.llama_get_memory(self._context)
        llama_cpp.llama_memory_seq_rm(memory, 0, tokens, -1)

    def evaluate(self, tokens: list[int], position: int, last: int) -> np.ndarray:
        """Log-probabilities behind the `last` newest of `tokens`: shape (last, vocabulary)."""
        batch = self._batch
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = position + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = i >= len(tokens) - last
        if code := llama_cpp.llama_decode(self._context, batch):
            raise RuntimeError(f"llama_decode failed with {code}")
        rows = [
            np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self._context, i), (self.size,))
            for i in range(len(tokens) - last, len(tokens))
        ]
        logits = np.array(rows, dtype=np.float64)
        top = logits.max(1, keepdims=True)
        return logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))


@cache
def loaded(path: Path) -> Llama:
    """The model of this process."""
    return Llama(path, threads=1)


def ask_all(path: Path, layouts: list[Layout], budget: Budget, infill: Infill) -> list[Result]:
    return [ask(loaded(path), infill, layout, budget) for layout in layouts]


def ask(model: Llama, infill: Infill, layout: Layout, budget: Budget) -> Result:
    prompt = prompt_tokens(model, infill, layout, budget)
    middle = model.tokenize(infill.middle)
    model.clear()
    table = model.evaluate(prompt + middle[:-1], 0, len(middle))
    loss = -sum(float(row[token]) for row, token in zip(table, middle, strict=True))
    model.keep(len(prompt))
    predicted = first_line(model, table[0], len(prompt))
    truth = infill.middle.rstrip()
    return Result(
        layout.name,
        infill.package,
        infill.cursor,
        infill.middle,
        predicted,
        predicted == truth,
        similarity(predicted, truth),
        loss,
        len(middle),
        len(prompt),
    )


def first_line(model: Llama, row: np.ndarray, position: int) -> str:
    """Greedy text up to the end of the line, a control token or the token limit."""
    written = b""
    for step in range(MAX_NEW_TOKENS):
        token = int(row.argmax())
        if token < len(SPECIAL_TOKENS):
            break
        written += model.text(token)
        if b"\n" in written:
            break
        row = model.evaluate([token], position + step, 1)[0]
    return written.decode(errors="replace").split("\n", 1)[0].rstrip()


def prompt_tokens(model: Llama, infill: Infill, layout: Layout, budget: Budget) -> list[int]:
    """StarCoder2's repository prompt; the windows are cut at line ends."""
    tokens = [REPO_NAME, *model.tokenize(infill.package)]
    if layout.context:
        for excerpt in fitting(model, infill, budget.context):
            tokens += [FILE_SEP, *excerpt]
    path = f"{infill.path}\n"
    prefix = path + window(infill.prefix, budget.prefix, model.tokenize, from_end=True)
    suffix = window(infill.suffix, budget.suffix, model.tokenize, from_end=False)
    before, after = model.tokenize(prefix), model.tokenize(suffix)
    if layout.spm:
        return [*tokens, FILE_SEP, FIM_PREFIX, FIM_SUFFIX, *after, FIM_MIDDLE, *before]
    return [*tokens, FILE_SEP, FIM_PREFIX, *before, FIM_SUFFIX, *after, FIM_MIDDLE]


def fitting(model: Llama, infill: Infill, room: int) -> list[list[int]]:
    """The best excerpts (they stand last) that fit into `room` tokens, in their order."""
    taken: list[list[int]] = []
    for excerpt in reversed(infill.context):
        tokens = model.tokenize(f"{excerpt.path}\n{excerpt.text}")
        if len(tokens) + 1 <= room:
            taken.append(tokens)
            room -= len(tokens) + 1
    return taken[::-1]


def window(text: str, room: int, tokenize: Callable[[str], list[int]], *, from_end: bool) -> str:
    """The whole lines at the cursor's end of `text` that take about `room` tokens; at least one."""
    lines = text.splitlines(keepends=True)
    kept: list[str] = []
    for line in reversed(lines) if from_end else lines:
        room -= len(tokenize(line))
        if room < 0 and kept:
            break
        kept.append(line)
    return "".join(kept[::-1] if from_end else kept)


def similarity(a: str, b: str) -> float:
    """1 minus the Levenshtein distance over the longer length."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return 1 - row[-1] / max(len(a), len(b), 1)


def report(results: list[Result]) -> Iterator[str]:
    """Markdown tables: by layout, by cursor, by package, and what context is worth."""
    layouts = list(dict.fromkeys(r.layout for r in results))
    yield from table("layout", layouts, results, lambda r: r.layout)
    best = min(layouts, key=lambda name: sum(r.loss for r in results if r.layout == name))
    some = [r for r in results if r.layout == best]
    yield f"\nWhere the cursor is ({best}):\n"
    yield from table("cursor", sorted({r.cursor for r in some}), some, lambda r: r.cursor)
    yield f"\nBy package ({best}):\n"
    yield from table("package", sorted({r.package for r in some}), some, lambda r: r.package)
    for order in ("PSM", "SPM"):
        pair = [
            [r for r in results if r.layout == Layout(order == "SPM", c).name]
            for c in (True, False)
        ]
        if all(pair):
            gain = [(b.loss - a.loss) / len(a.middle) for a, b in zip(*pair, strict=True)]
            better = sum(g > 0 for g in gain) / len(gain)
            yield (
                f"\n{order}: context lowers the loss by {np.mean(gain):.4f} ± "
                f"{standard_error(gain):.4f} nats a character (mean over infills ± standard error, "
                f"paired); it helps in {better:.0%} of them."
            )


def table(
    title: str, keys: list[str], results: list[Result], key: Callable[[Result], str]
) -> Iterator[str]:
    yield (
        f"| {title} | n | exact match | edit similarity "
        "| nats/character | nats/token | prompt tokens |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name in keys:
        some = [r for r in results if key(r) == name]
        exact = [100.0 * r.exact for r in some]
        alike = [100.0 * r.similarity for r in some]
        loss = sum(r.loss for r in some)
        yield (
            f"| {name} | {len(some)} | {np.mean(exact):.1f} ± {standard_error(exact):.1f} % "
            f"| {np.mean(alike):.1f} ± {standard_error(alike):.1f} % "
            f"| {loss / sum(len(r.middle) for r in some):.4f} "
            f"| {loss / sum(r.middle_tokens for r in some):.3f} "
            f"| {np.mean([r.prompt_tokens for r in some]):.0f} |"
        )


def standard_error(values: list[float]) -> float:
    return float(np.std(values) / math.sqrt(len(values)))


if __name__ == "__main__":
    main()
