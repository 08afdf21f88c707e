"""Secrets in the text of a prompt give way to placeholder tokens, put in by id.

StarCoder2's training data was redacted with the same tokens, so the model knows what they stand
for. What is replaced follows from the text alone and not from the cursor: a part of a prompt that
stays the same text stays the same tokens. Right behind a secret nobody is suggested anything
(`sc2_lsp.secrets.stands_at_secret`), so the text that the cursor touches is never replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sc2_lsp.domain import Tokens
from sc2_lsp.prompt.healing import heal
from sc2_lsp.prompt.starcoder2 import file_text
from sc2_lsp.secrets import Kind, Secret, find_secrets
from sc2_lsp.vocabulary import EMAIL, KEY, PASSWORD, SPECIAL_TOKENS

Pieces = tuple[str | int, ...]
"""A text in pieces: what is shown as it is, and the ids of the tokens that stand for the rest."""

_PLACEHOLDERS = {Kind.EMAIL: EMAIL, Kind.KEY: KEY, Kind.PASSWORD: PASSWORD}
_LONGEST_LINE = 4096
# Marks and escapes behind a line of a key that is written as strings.
_END_OF_STRING = 8
# A value stands in the line of its name or in the next one.
_LINES_BEHIND = 2


def redact(text: str, before: str = "") -> Pieces:
    """`text` with a placeholder for each secret in it.

    `before` is what the file has right before `text`, for what is cut between a name and its value.
    """
    pieces: list[str | int] = []
    reached = 0
    for secret in _secrets_of(text, before):
        if reached < secret.start:
            pieces.append(text[reached : secret.start])
        pieces.append(_PLACEHOLDERS[secret.kind])
        reached = secret.end
    if reached < len(text) or not pieces:
        pieces.append(text[reached:])
    return tuple(pieces)


def redact_file(path: str, code: str, before: str = "") -> Pieces:
    """A file as StarCoder2 is shown it, with a placeholder for each secret in `code`."""
    first, *rest = redact(code, before)
    if isinstance(first, int):
        return file_text(path, ""), first, *rest
    return file_text(path, first), *rest


def redact_around(prefix: str, typed: str, suffix: str) -> tuple[Pieces, Pieces]:
    """`typed`, which stands behind `prefix` in the file, and `suffix`, which stands behind that."""
    return redact(typed, prefix), redact(suffix, _last_line(_last_line(prefix) + typed))


def heal_pieces(pieces: Pieces) -> tuple[Pieces, str]:
    """The pieces to show, and the end of the last one that the model should write anew."""
    *kept, last = pieces
    if isinstance(last, int):
        return pieces, ""
    healed = heal(last)
    return ((*kept, healed.kept) if healed.kept or not kept else tuple(kept)), healed.required


def texts_of(parts: Sequence[Pieces]) -> list[str]:
    """The texts to tokenize, of all `parts` one after the other."""
    return [piece for pieces in parts for piece in pieces if isinstance(piece, str)]


def tokens_of(parts: Sequence[Pieces], tokens: Sequence[Tokens]) -> list[Tokens]:
    """The tokens of each of `parts`, given those of `texts_of(parts)`."""
    given = iter(tokens)
    return [
        tuple(
            token
            for piece in pieces
            for token in ((piece,) if isinstance(piece, int) else next(given))
        )
        for pieces in parts
    ]


def written_out(pieces: Pieces) -> str:
    """The pieces as text, to show them to a person."""
    return "".join(SPECIAL_TOKENS[piece] if isinstance(piece, int) else piece for piece in pieces)


def _lead_in(text: str) -> str:
    """The end of `text` that decides what is secret right behind it: a line, or half a key."""
    for secret in find_secrets(text)[-1:]:
        is_block = "\n" in text[secret.start : secret.end]
        if is_block and len(text[secret.end :].strip()) <= _END_OF_STRING:
            return text[secret.start :]
    return _last_line(text)


def _last_line(text: str) -> str:
    return text[max(text.rfind("\n") + 1, len(text) - _LONGEST_LINE) :]


def _secrets_of(text: str, before: str) -> list[Secret]:
    here = list(_across(text, _lead_in(before))) if before else []
    for secret in find_secrets(text):
        if not any(secret.start < other.end and other.start < secret.end for other in here):
            here.append(secret)
    return sorted(here, key=lambda secret: secret.start)


def _across(text: str, before: str) -> Iterator[Secret]:
    """The secrets at the beginning of `text` that are known by what stands before it."""
    end = len(text) if "\n" in before else _end_of_lines(text, _LINES_BEHIND)
    for secret in find_secrets(before + text[:end]):
        if secret.end > len(before):
            yield replace(
                secret,
                start=max(secret.start - len(before), 0),
                end=secret.end - len(before),
            )


def _end_of_lines(text: str, n_lines: int) -> int:
    end = 0
    for _ in range(n_lines):
        end = text.find("\n", end) + 1
        if not end:
            return len(text)
    return end
