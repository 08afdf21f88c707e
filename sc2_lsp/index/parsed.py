"""What is kept of a file: the values that workers send, the store keeps and readers unpack.

A file's content is known by its digest, which covers the language it was read as. What depends on
the content alone is `Contents`, parsed once however many files hold it and wherever they move.
"""

from __future__ import annotations

import codecs
import hashlib
import itertools
import re
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from sc2_lsp.index.pieces import piece_starts
from sc2_lsp.symbols import Definition, Import
from sc2_lsp.syntax import distinct_text, language_of, rows_of_bytes

_REMEMBERED_NAMES = 65_536

PLAIN = "text"
"""The language of files that no grammar is known for."""


class Contents(msgspec.Struct, frozen=True, array_like=True):
    """What the content of a file says.

    `names` are the tokens that find its definitions. `starts` are the first lines of its pieces and
    the number of its lines, in 32 bits each; `words` are those of each piece, apart by blanks.
    """

    language: str
    names: str
    outline: bytes
    starts: bytes
    words: list[str]


class Parsed(msgspec.Struct, frozen=True, array_like=True):
    """A file as it was read.

    `digest` is None where it is not to be indexed, for `reason`, or is gone, which has no reason.
    `contents` is None where the digest was known already.
    """

    path: str
    size: int
    mtime_ns: int
    digest: bytes | None = None
    reason: str | None = None
    contents: Contents | None = None


def digest_of(path: str, data: bytes) -> bytes:
    """What two files have in common if one parse does for both."""
    return hashlib.blake2b(data, digest_size=16, person=_language_name(path).encode()[:16]).digest()


def contents_of(path: str, data: bytes) -> Contents:
    """All that is kept of a file that has this text, which is UTF-8."""
    language = language_of(path)
    definitions, imports = rows_of_bytes(data, language) if language else ((), ())
    starts, words = _pieces(data, definitions)
    tokens = set(map(name_token, {row[0] for row in definitions}))
    tokens.update(map(container_token, {row[2] for row in definitions if row[2]}))
    return Contents(
        language=language.name if language else PLAIN,
        names=" ".join(tokens),
        outline=_encoder.encode((definitions, imports)),
        starts=array("I", starts).tobytes(),
        words=words,
    )


@lru_cache(_REMEMBERED_NAMES)
def name_token(name: str) -> str:
    """What stands for a definition's name in the full-text table, which knows no capitals.

    Names that differ by these alone are told apart by those they have.
    """
    token = _BLANKS.sub("_", name)
    return token if token.islower() else f"{token}^{_SMALL.sub('', token)}"


def container_token(container: str) -> str:
    """What stands for the innermost of a definition's containers in the full-text table."""
    return "." + name_token(container.rpartition(".")[2])


def text_of(data: bytes) -> str:
    """The text of a file's bytes as an editor shows it: without a byte order mark, and as Latin-1
    where it is no UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def utf8_of(data: bytes) -> bytes:
    """The bytes of `text_of(data)` in UTF-8."""
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1").encode()
    return data


def unpack_definitions(packed: bytes) -> list[Definition]:
    return _decoder.decode(packed)[0]


def unpack_imports(packed: bytes) -> list[Import]:
    return _imports_decoder.decode(packed)[1]


def unpack_starts(packed: bytes) -> array[int]:
    starts = array("I")
    starts.frombytes(packed)
    return starts


# What the tokenizer of the full-text tables takes for the end of a token, and their own quotes.
_BLANKS = re.compile(r"[\s\0\"'`]+")
_SMALL = re.compile(r"[^A-Z]+")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[list[Definition], msgspec.Raw])
_imports_decoder = msgspec.msgpack.Decoder(tuple[msgspec.Raw, list[Import]])


NOTHING = _encoder.encode(((), ()))
"""The outline of a text that defines and imports nothing."""


def _pieces(data: bytes, definitions: Sequence[Sequence[Any]]) -> tuple[list[int], list[str]]:
    """The first lines of the pieces and the number of lines, and the words of each piece."""
    lines = data.splitlines(keepends=True)
    offsets = list(itertools.accumulate(map(len, lines), initial=0))
    if data[-1:] in (b"", b"\n", b"\r"):
        offsets.append(len(data))  # The empty line behind the last break.
    n_lines = len(offsets) - 1
    starts = [*piece_starts(n_lines, ((row[1], row[3]) for row in definitions)), n_lines]
    return starts, [
        distinct_text(data[offsets[start] : offsets[end]])
        for start, end in itertools.pairwise(starts)
    ]


def _language_name(path: str) -> str:
    language = language_of(path)
    return language.name if language else PLAIN
