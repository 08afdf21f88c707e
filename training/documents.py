"""Builds StarCoder2's training documents out of the files of one package; pure functions over a
seeded generator.

A document is a tuple of segments: an int is a control token, a str is text that is tokenized by
itself, so that the cut points of fill-in-the-middle fall on characters, not on tokens. Layout
(arXiv 2402.19173 §5.1): `<repo_name>NAME<file_sep>path\\ncode<file_sep>path\\ncode…<|endoftext|>`,
without names and paths in half of them, and a file that is filled in is transformed as a whole,
with its path line inside the prefix.

Does no tokenizing and no IO: `dataset.py` does both.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from sc2_lsp.vocabulary import (
    ENDOFTEXT,
    FILE_SEP,
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    REPO_NAME,
)
from training.corpus import SourceFile

Segment = int | str
IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+\(?([\w, ]*)|import[ \t]+([.\w]+))", re.M
)
IDENTIFIER = re.compile(r"[A-Za-z_]\w{2,}")
# Excerpts start at the window of so many lines that is most alike; of so many related files.
WINDOW_LINES = 30
MAX_CANDIDATES = 10


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares and sizes of one data set. Sizes are in characters, shares between 0 and 1.

    `length` is that of a row, in tokens. `break_gap` see `broken`.
    """

    length: int
    target_chars: tuple[int, int]
    document_chars: int
    snippet_chars: tuple[int, int]
    metadata_share: float = 0.5
    context_share: float = 0.75
    target_fim_share: float = 0.75
    snippet_fim_share: float = 0.2
    matched_share: float = 0.6
    spm_share: float = 0.6
    uniform_share: float = 1 / 3
    one_line_share: float = 0.6
    break_share: float = 0.0
    break_gap: float = 60.0


@dataclass(frozen=True, slots=True)
class Cut:
    """A chunk cut in three: prefix + middle + suffix is the chunk."""

    prefix: str
    middle: str
    suffix: str


def package_documents(
    files: list[SourceFile], mix: Mix, seed: str, part: int = 0, parts: int = 1
) -> Iterator[tuple[Segment, ...]]:
    """Documents that cover every file of a package once, each after excerpts of related files.

    With `parts`, only the chunks that fall to `part`; the parts share no chunk.
    """
    cuts = random.Random(f"{seed} cuts")
    rng = random.Random(f"{seed} {part}")
    related = Related(files)
    for file in files:
        for chunk in chunks(file.text, mix.target_chars, cuts):
            if cuts.randrange(parts) != part:
                continue
            context: list[SourceFile] = []
            if rng.random() < mix.context_share:
                wanted = names_in(chunk) if rng.random() < mix.matched_share else frozenset()
                candidates = related.matched(file, wanted, rng)
                context = snippets(candidates, mix, mix.document_chars - len(chunk), rng)
            yield document(file.package, [*context, with_text(file, chunk)], mix, rng)


def document(
    name: str, files: list[SourceFile], mix: Mix, rng: random.Random
) -> tuple[Segment, ...]:
    """One document; the last file is the target, the ones before it are its context."""
    metadata = rng.random() < mix.metadata_share
    gap = mix.break_gap if rng.random() < mix.break_share else None
    segments: list[Segment] = [REPO_NAME, name] if metadata else []
    for i, file in enumerate(files):
        path_line = f"{file.path}\n" if metadata else ""
        target = i == len(files) - 1
        share = mix.target_fim_share if target else mix.snippet_fim_share
        segments.append(FILE_SEP)
        if rng.random() < share:
            cut = random_cut(file.text, mix, rng)
            *before, middle = fim(cut, path_line, spm=rng.random() < mix.spm_share)
            segments += [*broken(before, gap, rng), middle]
        else:
            segments += broken([path_line + file.text], gap, rng)
    segments.append(ENDOFTEXT)
    return tuple(segments)


def broken(segments: list[Segment], gap: float | None, rng: random.Random) -> list[Segment]:
    """Cuts texts at random characters, about `gap` apart, so that words are often tokenized in two.

    A cursor does this to a word, but only once a document; a small model needs to see it more often
    to learn how words go on. Middles are never cut: the model must not write words in pieces.
    """
    if gap is None:
        return segments
    out: list[Segment] = []
    for segment in segments:
        rest = segment
        while isinstance(rest, str) and len(rest) > (at := 1 + int(rng.expovariate(1 / gap))):
            out.append(rest[:at])
            rest = rest[at:]
        out.append(rest)
    return out


def fim(cut: Cut, path_line: str, *, spm: bool) -> list[Segment]:
    """Fill-in-the-middle of one chunk, the path line at the start of the prefix."""
    prefix = path_line + cut.prefix
    if spm:
        # BigCode's SPM: the middle stands right behind the prefix, each tokenized by itself.
        return [FIM_PREFIX, FIM_SUFFIX, cut.suffix, FIM_MIDDLE, prefix, cut.middle]
    return [FIM_PREFIX, prefix, FIM_SUFFIX, cut.suffix, FIM_MIDDLE, cut.middle]


def random_cut(text: str, mix: Mix, rng: random.Random) -> Cut:
    """Two uniform cuts, or a short middle as inline completion asks for."""
    if rng.random() < mix.uniform_share:
        a, b = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        return Cut(text[:a], text[a:b], text[b:])
    start, end = short_middle(text, rng, one_line_share=mix.one_line_share)
    return Cut(text[:start], text[start:end], text[end:])


def short_middle(text: str, rng: random.Random, *, one_line_share: float) -> tuple[int, int]:
    """From a character behind a line's indentation to the end of that line or of a later one.

    A later one is at most five lines down.
    """
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    filled = [i for i, line in enumerate(lines) if line.strip()]
    if not filled:
        return 0, len(text)
    row = rng.choice(filled)
    line = lines[row]
    indent = len(line) - len(line.lstrip())
    start = starts[row] + rng.randint(indent, len(line))
    last = row
    if rng.random() >= one_line_share:
        last = min(len(lines) - 1, row + rng.randint(1, 5))
    return start, starts[last] + len(lines[last])


def chunks(text: str, sizes: tuple[int, int], rng: random.Random) -> Iterator[str]:
    """Cuts a text at line ends into pieces of random size; a short rest joins its neighbour."""
    lines = text.splitlines(keepends=True)
    piece: list[str] = []
    size = 0
    wanted = random_size(sizes, rng)
    left = len(text)
    for line in lines:
        piece.append(line)
        size += len(line)
        left -= len(line)
        if size >= wanted and left >= sizes[0] // 2:
            yield "".join(piece)
            piece, size, wanted = [], 0, random_size(sizes, rng)
    if piece:
        yield "".join(piece)


def random_size(sizes: tuple[int, int], rng: random.Random) -> int:
    """Between the two sizes, small ones as often as large ones: uniform in the logarithm."""
    return round(math.exp(rng.uniform(math.log(sizes[0]), math.log(sizes[1]))))


def snippets(
    candidates: list[tuple[SourceFile, int]], mix: Mix, room: int, rng: random.Random
) -> list[SourceFile]:
    """Excerpts of the candidates, in order, until `room` characters are used; the best candidate
    comes last.

    A candidate is a file and the line its excerpt starts at.
    """
    taken: list[SourceFile] = []
    for file, first in candidates:
        if room < mix.snippet_chars[0]:
            break
        text = excerpt(file.text, first, min(room, rng.randint(*mix.snippet_chars)))
        room -= len(text) + len(file.path)
        if text:
            taken.append(with_text(file, text))
    return taken[::-1]


def excerpt(text: str, first: int, size: int) -> str:
    """Whole lines of at most `size` characters from line `first` on."""
    taken: list[str] = []
    for line in text.splitlines(keepends=True)[first:]:
        size -= len(line)
        if size < 0:
            break
        taken.append(line)
    return "".join(taken)


def names_in(text: str) -> frozenset[str]:
    return frozenset(IDENTIFIER.findall(text))


def likeness(a: frozenset[str], b: frozenset[str]) -> float:
    """The share of names that two texts have in common."""
    return len(a & b) / (len(a | b) or 1)


def with_text(file: SourceFile, text: str) -> SourceFile:
    return SourceFile(file.package, file.path, text, file.held_out)


class Related:
    """Which files of a package a file imports, and which are its neighbours."""

    def __init__(self, files: list[SourceFile]) -> None:
        self._modules = {module_name(f.path): f for f in files}
        self._folders: dict[str, list[SourceFile]] = {}
        for file in files:
            self._folders.setdefault(str(PurePosixPath(file.path).parent), []).append(file)
        self._windows: dict[str, list[frozenset[str]]] = {}

    def of(self, file: SourceFile, rng: random.Random) -> list[SourceFile]:
        """Imported files first, then neighbours, both shuffled; never the file itself."""
        imported = [f for f in self.imports(file) if f.path != file.path]
        known = {f.path for f in imported} | {file.path}
        folder = self._folders[str(PurePosixPath(file.path).parent)]
        near = [f for f in rng.sample(folder, min(12, len(folder))) if f.path not in known]
        rng.shuffle(imported)
        return imported + near

    def matched(
        self, file: SourceFile, wanted: frozenset[str], rng: random.Random
    ) -> list[tuple[SourceFile, int]]:
        """Related files, each with the line of an excerpt: the ones that share most of `wanted`
        first.

        Without `wanted` the order is that of `of`, and the lines are random.
        """
        candidates = self.of(file, rng)[:MAX_CANDIDATES]
        if not wanted:
            return [(f, rng.randrange(f.text.count("\n") + 1) * 3 // 4) for f in candidates]
        scored = [(*self.best_window(f, wanted), f) for f in candidates]
        scored.sort(key=lambda s: -s[0])
        return [(f, first) for _, first, f in scored]

    def best_window(self, file: SourceFile, wanted: frozenset[str]) -> tuple[float, int]:
        """The most alike window of a file: how much of `wanted` it shares, and its first line."""
        if file.path not in self._windows:
            lines = file.text.splitlines()
            self._windows[file.path] = [
                names_in("\n".join(lines[i : i + WINDOW_LINES]))
                for i in range(0, max(1, len(lines) - WINDOW_LINES // 2), WINDOW_LINES // 2)
            ]
        scores = [likeness(window, wanted) for window in self._windows[file.path]]
        best = max(range(len(scores)), key=scores.__getitem__)
        return scores[best], best * (WINDOW_LINES // 2)

    def imports(self, file: SourceFile) -> list[SourceFile]:
        """The files of the same package that this one imports, in the order of the import lines."""
        here = module_name(file.path).split(".")
        if not file.path.endswith("__init__.py"):
            here = here[:-1]
        found: dict[str, SourceFile] = {}
        for source, names, plain in IMPORT.findall(file.text):
            base = plain or absolute(source, here)
            for name in [base, *(f"{base}.{n.strip()}" for n in names.split(","))]:
                if hit := self._modules.get(name):
                    found[hit.path] = hit
        return list(found.values())


def absolute(module: str, here: list[str]) -> str:
    """`.a` seen from the package `here` as an absolute module name."""
    bare = module.lstrip(".")
    level = len(module) - len(bare)
    if not level:
        return bare
    base = here[: len(here) - level + 1]
    return ".".join([*base, bare] if bare else base)


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
