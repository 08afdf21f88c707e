"""What the jobs read: chunks of tokens from a folder of code or from a plain text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quantize import corpus
from quantize.corpus import File, Specials
from quantize.failures import BadInput
from quantize.llama import Model

CHUNK_SIZE = 512
"""Tokens that are evaluated together; llama.cpp's own tools take as many."""


def specials(model: Model) -> Specials:
    """The ids that repositories are written with. Raises BadInput."""
    return Specials(
        model.special("<repo_name>"), model.special("<file_sep>"), model.special("<|endoftext|>")
    )


def code(options: Mapping[str, Any]) -> list[File]:
    """The files of the folder `corpus`, of which `half` may take every second."""
    return corpus.files(Path(options["corpus"]), options.get("half"))


def chunks(model: Model, options: Mapping[str, Any]) -> list[list[int]]:
    """Whole chunks of CHUNK_SIZE tokens from `text` or `corpus`, at most `n_chunks`.

    Raises BadInput where there is not even one.
    """
    n_most = options["n_chunks"] * CHUNK_SIZE
    if options["text"]:
        source = options["text"]
        tokens = model.tokenize(_read(Path(source)), add_special=True)[:n_most]
    else:
        source = options["corpus"]
        tokens = corpus.stream(code(options), model.tokenize, specials(model), n_most)
    whole = range(0, len(tokens) - CHUNK_SIZE + 1, CHUNK_SIZE)
    if not whole:
        raise BadInput(
            f"{source} has {len(tokens)} tokens of text, and {CHUNK_SIZE} are the least that says "
            "anything; name more code."
        )
    return [tokens[i : i + CHUNK_SIZE] for i in whole]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None
