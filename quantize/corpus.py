"""The user's own code, in the format that StarCoder2 was trained on (arXiv 2402.19173, 5.1).

Nothing of it is written anywhere. What looks like a secret, a generated file or no text is left
out; links are not followed. A folder with a `.git` in it is a repository with its own name.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from quantize.failures import BadInput

_MOST_BYTES = 512 * 1024
_SKIPPED_FOLDERS = frozenset(
    re.findall(
        r"\S+",
        """
        node_modules bower_components vendor third_party dist build target out bin obj
        venv env site-packages __pycache__ coverage Pods DerivedData
        """,
    )
)
_CODE = frozenset(
    re.findall(
        r"\S+",
        """
        .bash .c .cc .cpp .cs .css .cu .cxx .dart .ex .exs .fs .go .h .hh .hpp .hs .html .ipp .java
        .jl .js .jsx .kt .kts .lua .m .md .mjs .ml .mm .php .pl .pm .proto .ps1 .py .pyi .r .rb .rs
        .scala .scss .sh .sql .svelte .swift .tf .toml .ts .tsx .vim .vue .yaml .yml .zig .zsh
        """,
    )
)
_SECRET_NAMES = re.compile(
    r"^\.|secret|credential|password|passwd|token|api_?key|id_(rsa|dsa|ecdsa|ed25519)|\.env\b",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}")


@dataclass(frozen=True, slots=True)
class File:
    """A file of code. `path` is relative to its repository, with slashes."""

    repository: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Specials:
    """The ids of StarCoder2's control tokens that a repository's text is made with."""

    repo_name: int
    file_sep: int
    end_of_text: int


def files(folder: Path, half: int | None = None) -> list[File]:
    """The code below `folder`, in an order that mixes kinds but is the same each time.

    `half` 0 or 1 takes about half of the files, always the same, the other number the others.
    Raises BadInput where there are none.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder; name one that holds code like yours.")
    found = [
        (_order(repository, path), File(repository, path, text))
        for repository, path, text in _walk(folder.resolve(), folder.resolve())
    ]
    # Repositories stay together; in each, and among them, a hash decides.
    found.sort(key=lambda each: (_order(each[1].repository, ""), each[0]))
    chosen = [file for i, (_, file) in enumerate(found) if half is None or i % 2 == half]
    if not chosen:
        raise BadInput(f"{folder} holds {'too little' if found else 'no'} code; name another one.")
    return chosen


def fingerprint(folder: Path, half: int | None = None) -> str:
    """A hash of the code that `files` gives. Raises BadInput."""
    digest = hashlib.sha256()
    for file in files(folder, half):
        for part in (file.repository, file.path, file.text):
            digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def stream(
    chosen: Sequence[File], tokenize: Callable[[bytes], list[int]], ids: Specials, n_most: int
) -> list[int]:
    """The tokens of the repositories one after another, at most `n_most`.

    `<repo_name>NAME<file_sep>path\\ncode<file_sep>path\\ncode ... <|endoftext|>`
    """
    tokens: list[int] = []
    for repository, of_it in groupby(chosen, key=lambda file: file.repository):
        tokens += [ids.repo_name, *tokenize(repository.encode())]
        for file in of_it:
            tokens += [ids.file_sep, *tokenize(f"{file.path}\n{file.text}".encode())]
            if len(tokens) >= n_most:
                return tokens[:n_most]
        tokens.append(ids.end_of_text)
    return tokens


def _walk(folder: Path, repository: Path) -> Iterator[tuple[str, str, str]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    if any(entry.name == ".git" for entry in entries):
        repository = folder
    for entry in entries:
        if entry.is_symlink() or _SECRET_NAMES.search(entry.name):
            continue
        path = Path(entry.path)
        if entry.is_dir():
            if entry.name not in _SKIPPED_FOLDERS:
                yield from _walk(path, repository)
        elif (text := _text(path)) is not None:
            yield repository.name, path.relative_to(repository).as_posix(), text


def _text(path: Path) -> str | None:
    """The text of a file of code, None for anything else."""
    if path.suffix.lower() not in _CODE:
        return None
    try:
        if not 0 < path.stat().st_size <= _MOST_BYTES:
            return None
        data = path.read_bytes()
        if b"\0" in data or _SECRET_TEXT.search(data):
            return None
        return data.decode("utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None


def _order(repository: str, path: str) -> str:
    return hashlib.sha256(f"{repository}\0{path}".encode()).hexdigest()
