"""Secrets in the text of a prompt give way to placeholder tokens, put in by id.

StarCoder2's training data was redacted with the same tokens, so the model knows what they stand
for. What is replaced follows from the text alone and not from the cursor: a part of a prompt that
stays the same text stays the same tokens. Right behind a secret nobody is suggested anything
(`sc2_lsp.secrets.stands_at_secret`), so the text that the cursor touches is never replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from sc2_lsp.domain import Snippet, Tokens
from sc2_lsp.prompt.healing import heal
from sc2_lsp.prompt.starcoder2 import file_text
from sc2_lsp.secrets import Kind, Secret, find_secrets, lead_in, reach
from sc2_lsp.vocabulary import EMAIL, KEY, PASSWORD, SPECIAL_TOKENS

Pieces = tuple[str | int, ...]
"""A text in pieces: what is shown as it is, and the ids of the tokens that stand for the rest."""

_PLACEHOLDERS = {Kind.EMAIL: EMAIL, Kind.KEY: KEY, Kind.PASSWORD: PASSWORD}
# Marks and escapes behind a line of a key that is written as strings.
_END_OF_STRING = 8
_REMEMBERED_SNIPPETS = 256
_LINE = re.compile(r"[^\n]+")


def redact(text: str, before: str = "") -> Pieces:
    """`text` with a placeholder for each secret in it.

    `before` is what the file has right before `text`, for what is cut between a name and its value.
    """
    return _pieces(text, _secrets_of(text, _lead_in(before)))


def redact_file(path: str, code: str, before: str = "") -> Pieces:
    """A file as StarCoder2 is shown it, with a placeholder for each secret in `code`."""
    return as_file(path, redact(code, before))


def as_file(path: str, pieces: Pieces) -> Pieces:
    """A file as StarCoder2 is shown it: its path, and its text in pieces."""
    first, *rest = pieces
    if isinstance(first, int):
        return file_text(path, ""), first, *rest
    return file_text(path, first), *rest


def redact_around(before: str, typed: str, suffix: str, gap: str = "") -> tuple[Pieces, Pieces]:
    """`typed`, which stands behind `before` in the file, and `suffix`, which is shown behind that.

    Between the two there is a `gap` that is not shown.
    """
    known = _lead_in(before) + typed + gap
    behind = _secrets_of(suffix, lead_in(known, len(known)))
    return redact(typed, before), _pieces(suffix, behind)


def redact_snippet(snippet: Snippet) -> Pieces:
    """The text of a snippet, judged by what stands before its lines as well."""
    return _pieces(snippet.text, _secrets_of_snippet(snippet))


def snippet_file(snippet: Snippet) -> Pieces:
    """A snippet as StarCoder2 is shown it."""
    return as_file(snippet.path, redact_snippet(snippet))


def masked(snippet: Snippet) -> Snippet:
    """The snippet with a mark in place of each line of a secret, to measure its lines by."""
    shown, reached = "", 0
    for secret in _secrets_of_snippet(snippet):
        hidden = snippet.text[secret.start : secret.end]
        shown += snippet.text[reached : secret.start] + _LINE.sub("*", hidden)
        reached = secret.end
    return replace(snippet, text=shown + snippet.text[reached:])


def secrets_between(content: str, start: int, end: int) -> tuple[Secret, ...]:
    """The secrets of `content` from `start` up to `end`, at their offsets in it."""
    first = start - len(lead_in(content, start))
    return tuple(
        replace(secret, start=secret.start + first, end=secret.end + first)
        for secret in find_secrets(content[first:end])
    )


def cut(content: str, secrets: Iterable[Secret], start: int, end: int) -> Pieces:
    """The chars from `start` up to `end`, with a placeholder for each of `secrets` there."""
    return _pieces(
        content[start:end],
        (
            replace(one, start=max(one.start, start) - start, end=min(one.end, end) - start)
            for one in secrets
            if one.start < end and start < one.end
        ),
    )


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


def _pieces(text: str, secrets: Iterable[Secret]) -> Pieces:
    pieces: list[str | int] = []
    reached = 0
    for secret in secrets:
        if reached < secret.start:
            pieces.append(text[reached : secret.start])
        pieces.append(_PLACEHOLDERS[secret.kind])
        reached = secret.end
    if reached < len(text) or not pieces:
        pieces.append(text[reached:])
    return tuple(pieces)


def _lead_in(text: str) -> str:
    """The end of `text` that decides what is secret right behind it: lines, or half a key."""
    if not text:
        return ""
    lines = lead_in(text, len(text))
    for secret in find_secrets(text)[-1:]:
        is_block = "\n" in text[secret.start : secret.end]
        if is_block and len(text[secret.end :].strip()) <= _END_OF_STRING:
            return text[min(secret.start, len(text) - len(lines)) :]
    return lines


def _secrets_of(text: str, lead: str) -> list[Secret]:
    if not lead:
        return list(find_secrets(text))
    here = list(_across(text, lead))
    return here if reach(text, 0) == len(text) else _merged((*here, *find_secrets(text)))


@lru_cache(_REMEMBERED_SNIPPETS)
def _secrets_of_snippet(snippet: Snippet) -> list[Secret]:
    leads = dict(snippet.leads)
    text, start = snippet.text, 0
    found = list(find_secrets(text))
    n_lines = text.count("\n") + 1
    for number in snippet.lines or range(snippet.start_line, snippet.start_line + n_lines):
        if leads.get(number):
            found += (
                replace(secret, start=secret.start + start, end=secret.end + start)
                for secret in _across(text[start:], leads[number])
            )
        start = text.find("\n", start) + 1
        if not start:
            break
    return _merged(found)


def _merged(secrets: Iterable[Secret]) -> list[Secret]:
    """The secrets in order, those that overlap as one."""
    merged: list[Secret] = []
    for secret in sorted(secrets, key=lambda one: one.start):
        if merged and secret.start < merged[-1].end:
            merged[-1] = replace(merged[-1], end=max(merged[-1].end, secret.end))
        else:
            merged.append(secret)
    return merged


def _across(text: str, before: str) -> Iterator[Secret]:
    """The secrets at the beginning of `text` that are known by what stands before it."""
    for secret in find_secrets(before + text[: reach(text, 0)]):
        if secret.end > len(before):
            yield replace(
                secret,
                start=max(secret.start - len(before), 0),
                end=secret.end - len(before),
            )
