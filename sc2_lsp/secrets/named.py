"""Values that are called a password, token, secret or key where they are set or compared.

It is the name that finds them, and the value has to look the part: one of letters alone is taken
for a word, as are names, types, paths, patterns and whatever the program looks up when it runs.
So a password that is an ordinary word goes unnoticed, which is the price of leaving code alone.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from itertools import chain

from sc2_lsp.secrets.forms import (
    COMMENT,
    FORMS,
    LONG_WORD,
    LONGEST_HEAD,
    MOST_LINES,
    MOST_NUMBERS,
    Name,
)
from sc2_lsp.secrets.secret import Kind, Secret
from sc2_lsp.secrets.stand_ins import is_stand_in, looks_random, n_numbers

# Looked for in lower case, one after the other: a pattern of all of them takes ten times as long.
_KEYWORDS = ("pass", "pwd", "pw", "secret", "token", "credential", "auth", "key")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_KEYWORD = re.compile(
    r"pass(?:word|wd|phrase|code)?|pwd|(?<=[_-])pw|secret|token|credential|auth(?=[\"'_]|\s*[=:])"
    r"|key"
)
_WHOSE_KEY = re.compile(
    r"(?:api|app|access|account|auth|client|encryption|function|hmac|host|instrumentation"
    r"|licen[cs]e|master|private|secret|service|session|shared|signing|ssh|storage|subscription"
    r"|webhook)[_ .-]?\Z",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"pass|pw", re.IGNORECASE)
# What a value is that has one of these behind its name: something about the secret.
_NOT_ITSELF = re.compile(
    r"(?:[_-]|(?<=[a-z])(?=[A-Z])|^)(?:algorithm|attr\w*|balance|callback|chars?|class|column|count"
    r"|cookie|dir|endpoint|env|error|exp\w*|field|file\w*|format|func\w*|generator|hash|header|help|hint"
    r"|id|ids|index|input|kind|label|len\w*|level|limit|link|list|location|manager|max|message|min|mode"
    r"|model|msg|name|names|node|param\w*|parser|path|pattern|placeholder|policy|position|prefix"
    r"|prompt|provider|re|ref|regex|regexp|req\w*|rule|rules|scheme|scope|scopes|screen|selector|service|set"
    r"|size|source|spec|start|state|status|store|strength|suffix|symbol|table|text|title|ttl|type"
    r"|types|uri|url|usage|validator|version|view)s?$",
    re.IGNORECASE,
)
_REST_OF_NAME = re.compile(r"[A-Za-z0-9_-]{0,32}")
_END_OF_LINE = re.compile(r"[ \t]*\\?\r?\Z")
_FEWEST_CHARS = {Kind.PASSWORD: 6, Kind.KEY: 8}
_MOST_CHARS = 1024
_LONG_KEY = 24


def find_named_values(text: str) -> Iterator[Secret]:
    """Secrets that are known by the names they are given."""
    reached = 0
    lower = text.translate(_LOWER)
    for start in sorted(chain.from_iterable(_places(lower, word) for word in _KEYWORDS)):
        if start < reached:
            continue
        end = _end_of_keyword(lower, start)
        for secret in _values_of(text, start, end) if end else ():
            reached = secret.end
            yield secret


def _places(lower: str, word: str) -> Iterator[int]:
    start = lower.find(word)
    while start >= 0:
        yield start
        start = lower.find(word, start + len(word))


def _end_of_keyword(lower: str, start: int) -> int | None:
    """Where the keyword ends that begins at `start`; None if there is none."""
    keyword = _KEYWORD.match(lower, start)
    if keyword is None:
        return None
    return keyword.end()


def _values_of(text: str, start: int, end: int) -> list[Secret]:
    """The parts of the value that the name with the keyword from `start` up to `end` is given."""
    word = text[start:end]
    kind = Kind.PASSWORD if word[:2].lower() in ("pa", "pw") else Kind.KEY
    is_vague = word.lower() == "key" and not _WHOSE_KEY.search(
        text, max(start - LONGEST_HEAD, 0), start
    )
    if is_vague and not word.isupper():
        return []
    rest = _REST_OF_NAME.match(text, end)
    assert rest is not None, "nothing is a rest as well"
    name = Name(start, end, rest.end(), word, rest.group())
    for form in FORMS:
        spans = form(text, name)
        if not spans:
            continue
        if not _is_word(text, name):
            return []
        if secret := _secret_of(text, spans, kind, is_vague=is_vague):
            return secret
    return []


def _secret_of(
    text: str, spans: Sequence[tuple[int, int]], kind: Kind, *, is_vague: bool
) -> list[Secret]:
    """The parts of a value that are secret: those of a secret, or with a secret as the first."""
    parts = [_one_line(text[start:end]) for start, end in spans]
    is_first_alone = _is_meant(parts[0], kind, is_vague=is_vague)
    if not is_first_alone and (
        len(parts) < 2 or not all(parts) or not _is_meant("".join(parts), kind, is_vague=is_vague)
    ):
        return []
    found = []
    for number, ((start, end), part) in enumerate(zip(spans, parts, strict=True)):
        is_more = part and not any(map(str.isspace, part)) and not is_stand_in(part)
        if number == 0 or is_more or not is_first_alone:
            shown = text[start:end]
            start += len(shown) - len(shown.lstrip())
            found.append(Secret(start, end - len(shown) + len(shown.rstrip()), kind))
    return found


def _one_line(value: str) -> str:
    """A value without its line breaks, margins and marks of comments; empty for one too long.

    Blanks inside of a line stay.
    """
    if "\n" not in value:
        return value
    lines = value.strip().split("\n")
    if len(lines) > MOST_LINES:
        return ""
    return "".join(_END_OF_LINE.sub("", line[_margin(line) :]) for line in lines)


def _margin(line: str) -> int:
    found = COMMENT.match(line)
    assert found is not None, "nothing is a margin as well"
    return found.end()


def _is_meant(value: str, kind: Kind, *, is_vague: bool) -> bool:
    if is_vague and (len(value) < _LONG_KEY or n_numbers(value) < MOST_NUMBERS):
        return False
    return _is_secret(value, kind)


def _is_word(text: str, name: Name) -> bool:
    """Whether the keyword is a word of the name, and the name is that of the secret itself."""
    word, rest, before = name.word, name.rest, text[max(name.start - 1, 0) : name.start]
    if rest[:1].islower() and word[-1].islower():
        return False
    if rest[:1].isupper() and word.isupper():
        return False
    is_glued = before.isalpha() and not (before.islower() and word[0].isupper())
    if is_glued and word.lower() in ("pass", "pwd", "auth"):
        return False
    return _NOT_ITSELF.search(rest) is None


def _is_secret(value: str, kind: Kind) -> bool:
    if not _FEWEST_CHARS[kind] <= len(value) <= _MOST_CHARS:
        return False
    if any(char.isspace() for char in value):
        return False
    if kind is Kind.PASSWORD and _is_passphrase(value):
        return True
    if is_stand_in(value):
        return False
    has_letter = any(char.isalpha() for char in value)
    if has_letter and any(char.isdigit() for char in value):
        return True
    has_mark = any(not char.isalnum() and char not in "_-.:/" for char in value)
    if kind is Kind.PASSWORD:
        return has_letter and (has_mark or _is_long_word(value))
    return len(value) >= LONG_WORD and has_letter and (has_mark or looks_random(value))


_PASSPHRASE = re.compile(r"[a-z]{3,}(?:-[a-z]{3,}){3,}")


def _is_passphrase(value: str) -> bool:
    return _PASSPHRASE.fullmatch(value) is not None and not _PASSWORD.search(value)


def _is_long_word(value: str) -> bool:
    return len(value) >= LONG_WORD and value.islower() and value.isalpha()
