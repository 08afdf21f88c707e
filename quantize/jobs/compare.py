"""Compares the predictions of two models on the same text.

Options: a, b, corpus and half, or text, n_chunks, n_fims, n_threads. Reports `step` with how many
are done. In each chunk of 512 tokens the later half is compared, as llama.cpp's own perplexity
tool does, for the first tokens of a chunk have no context. Each fill-in-the-middle prompt is
completed by both to the end of the line, always with the likeliest token.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantize.corpus import File
from quantize.divergence import Divergence
from quantize.failures import BadInput
from quantize.jobs.texts import CHUNK_SIZE, chunks, code, specials
from quantize.llama import Model

_FIRST = CHUNK_SIZE // 2
_SEED = 11
_MOST_WRITTEN = 32
# Prompt and completion stay within a chunk.
_MOST_PATH, _MOST_PREFIX, _MOST_SUFFIX = 40, 280, 120
_LEAST_CHARS = 200


@dataclass(frozen=True, slots=True)
class _Blank:
    """A prompt with what the author wrote in its middle: the rest of a line."""

    prompt: list[int]
    middle: bytes


def run(options: Mapping[str, Any], tell: Callable[..., None]) -> dict[str, Any]:
    """The figures of `Divergence`, and how often the completions were the same."""
    a, b = (Model(Path(options[name]), CHUNK_SIZE, options["n_threads"]) for name in "ab")
    if a.n_vocab != b.n_vocab:
        raise BadInput(
            f"{options['a']} has {a.n_vocab} tokens and {options['b']} has {b.n_vocab}: "
            "compare files that were made from the same model."
        )
    todo = chunks(a, options)
    blanks = [] if options["text"] else _blanks(a, code(options), options["n_fims"])
    n_steps = len(todo) + len(blanks)
    divergence, same = Divergence(), {"b_as_a": 0, "a_as_written": 0, "b_as_written": 0}
    for done, chunk in enumerate(todo):
        tell("step", done=done, total=n_steps)
        of_a, of_b = (model.evaluate(chunk, CHUNK_SIZE - _FIRST)[:-1] for model in (a, b))
        divergence.add(of_a, of_b, chunk[_FIRST + 1 :])
    for done, blank in enumerate(blanks, len(todo)):
        tell("step", done=done, total=n_steps)
        by_a, by_b = (model.rest_of_line(blank.prompt, _MOST_WRITTEN) for model in (a, b))
        same["b_as_a"] += by_b == by_a
        same["a_as_written"] += by_a == blank.middle
        same["b_as_written"] += by_b == blank.middle
    tell("step", done=n_steps, total=n_steps)
    return {
        **divergence.figures(),
        "n_chunks": len(todo),
        "n_fims": len(blanks),
        **{f"fim_{name}": n for name, n in same.items()},
    }


def _blanks(model: Model, files: Sequence[File], n_wanted: int) -> list[_Blank]:
    """Prompts made of files: what is cut out is the rest of a line from any character on.

    They are in StarCoder2's format for repositories, where the path is part of the prefix.
    """
    ids = specials(model)
    prefix_id, suffix_id, middle_id = (
        model.special(f"<fim_{part}>") for part in ("prefix", "suffix", "middle")
    )
    rng = random.Random(_SEED)
    long_enough = [file for file in files if len(file.text) >= _LEAST_CHARS]
    made: list[_Blank] = []
    for _ in range(20 * n_wanted if long_enough else 0):
        if len(made) == n_wanted:
            break
        file = rng.choice(long_enough)
        start = rng.randrange(len(file.text))
        end = file.text.find("\n", start)
        middle = file.text[start:end].encode()
        if end < 0 or not middle.strip() or len(model.tokenize(middle)) > _MOST_WRITTEN:
            continue
        # Far more characters than the tokens that are kept of them.
        before = model.tokenize(file.text[max(0, start - 4000) : start].encode())
        after = model.tokenize(file.text[end : end + 2000].encode())
        prompt = [
            ids.repo_name,
            *model.tokenize(file.repository.encode())[:_MOST_PATH],
            ids.file_sep,
            prefix_id,
            *model.tokenize(f"{file.path}\n".encode())[-_MOST_PATH:],
            *before[-_MOST_PREFIX:],
            suffix_id,
            *after[:_MOST_SUFFIX],
            middle_id,
        ]
        made.append(_Blank(prompt[-(CHUNK_SIZE - _MOST_WRITTEN) :], middle))
    return made
