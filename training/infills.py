"""Cuts single-line infills out of held-out files and gives each its repository context; pure
functions.

An infill is what inline completion is asked for: a character inside a line behind its indentation,
the rest of that line to be written. The context is chosen without looking at that rest.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from training.corpus import SourceFile
from training.documents import Related, names_in

EXCERPT_LINES = 40
NEAR_LINES = 20
MAX_EXCERPTS = 5


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Whole lines of another file of the package."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Infill:
    """`prefix + middle + suffix` is the file; `middle` is the rest of a line."""

    package: str
    path: str
    prefix: str
    middle: str
    suffix: str
    cursor: str
    context: tuple[Excerpt, ...]


def sample_infills(files: list[SourceFile], count: int, seed: int) -> list[Infill]:
    """`count` infills, each from a file drawn at random; the same for the same files and seed."""
    rng = random.Random(seed)
    groups: dict[str, list[SourceFile]] = {}
    for file in files:
        groups.setdefault(file.package, []).append(file)
    related = {name: Related(group) for name, group in groups.items()}
    infills = []
    while len(infills) < count:
        file = rng.choice(files)
        if infill := cut(file, related[file.package], rng):
            infills.append(infill)
    return infills


def cut(file: SourceFile, related: Related, rng: random.Random) -> Infill | None:
    """One infill, or None if the drawn line is blank or a comment."""
    lines = file.text.split("\n")
    row = rng.randrange(len(lines))
    line = lines[row].rstrip()
    body = line.lstrip()
    if not body or body.startswith("#"):
        return None
    indent = len(line) - len(body)
    column = rng.randint(indent, len(line) - 1)
    start = sum(len(text) + 1 for text in lines[:row]) + column
    end = start - column + len(line)
    near = "\n".join(
        [*lines[max(0, row - NEAR_LINES) : row], line[:column], *lines[row + 1 : row + 6]]
    )
    context = related.matched(file, names_in(near), rng)[:MAX_EXCERPTS]
    return Infill(
        file.package,
        file.path,
        file.text[:start],
        file.text[start:end],
        file.text[end:],
        cursor_kind(line, indent, column),
        tuple(excerpt(other, first) for other, first in reversed(context)),
    )


def excerpt(file: SourceFile, first: int) -> Excerpt:
    lines = file.text.splitlines(keepends=True)
    return Excerpt(file.path, "".join(lines[first : first + EXCERPT_LINES]))


def cursor_kind(line: str, indent: int, column: int) -> str:
    if column == indent:
        return "line start"
    before, after = line[column - 1], line[column]
    if word(before) and word(after):
        return "inside a word"
    return "after a word" if word(before) else "after punctuation or blank"


def word(char: str) -> bool:
    return char.isalnum() or char == "_"
