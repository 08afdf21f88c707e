"""Values that are called a password, token, secret or key where they are set or compared.

It is the name that finds them, and the value has to look the part: one of letters alone is taken
for a word, as are names, types, paths, patterns and whatever the program looks up when it runs.
So a password that is an ordinary word goes unnoticed, which is the price of leaving code alone.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from sc2_lsp.secrets.secret import Kind, Secret
from sc2_lsp.secrets.stand_ins import is_stand_in, is_type, looks_random, n_numbers

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
_REST_OF_NAME = r"(?P<rest>[A-Za-z0-9_-]{0,32})"
_QUOTED = re.compile(
    rf"{_REST_OF_NAME}"
    r"(?P<quote>[\"'`]?)\]?[ \t]{0,16}"
    # A type between the name and the value.
    r"(?:[:?!]{1,2}[ \t]{0,4}[\w.\[\]<>&'?| ]{1,48}?[ \t]{0,4}(?==[^=]))?"
    r"(?P<sep>:=|=>|={1,3}|!==?|\|\||\?\?=?|<-|:|,|\(|\)[ \t]*(?:\|\||\?\?|or)|or\b|value=|)"
    r"\s{0,24}"
    r"\(?\s{0,24}[A-Za-z@$]{0,2}"
    r"(?P<open>\"{3}|'{3}|[\"'`])(?P<value>(?:\\.|(?!(?P=open))[^\\\r\n])*)"
)
_PAIR = re.compile(
    rf"{_REST_OF_NAME}(?P<sep>=|:[ ])(?P<value>[^\s\"'`;&,(){{}}\[\]<>|]{{4,512}})(?=[\s\"'&;]|\Z)"
)
_LINE = re.compile(
    rf"{_REST_OF_NAME}[\"']?(?P<sep>[ \t]*[:=][ \t]*)"
    r"(?P<value>[^\s\"'`;,(){}\[\]<>|]{4,512})[ \t]*;?[ \t]*(?=[\r\n#]|\Z)"
)
_ELEMENT = re.compile(rf"{_REST_OF_NAME}>(?P<value>[^\s<>]{{4,512}})</")
_NEXT_LINE = re.compile(
    rf"{_REST_OF_NAME}[\"']?,?\s{{0,8}}\n\s{{0,40}}[\"']?value[\"']?:[ \t]{{0,8}}[\"']?"
    r"(?P<value>[^\s\"'<>{}]{4,512})"
)
_HEAD = re.compile(r"[A-Za-z0-9_.$-]*\Z")
_LINE_HEAD = re.compile(
    r"[ \t]*(?:(?:export|set|setx|ENV|ARG|-|\?)[ \t]+)*(?:\$env:)?[\"']?[A-Za-z0-9_.$-]*"
)
# The name of an option in a file of settings, not of a variable: `server.ssl.key-store-`.
_OPTION = re.compile(r"(?!self\b|this\b)[a-z0-9_]+[.-]")
_LONGEST_HEAD = 64
_FEWEST_CHARS = {Kind.PASSWORD: 6, Kind.KEY: 8}
_MOST_CHARS = 1024
_LONG_WORD = 16
_MOST_NUMBERS = 3
_LONG_KEY = 24


@dataclass(frozen=True, slots=True)
class _Keyword:
    """A word of a name, as it is written from `start` up to `end`."""

    start: int
    end: int
    word: str


def find_named_values(text: str) -> Iterator[Secret]:
    """Secrets that are known by the names they are given."""
    reached = 0
    lower = text.translate(_LOWER)
    for start in sorted(chain.from_iterable(_places(lower, word) for word in _KEYWORDS)):
        if start < reached:
            continue
        end = _end_of_keyword(lower, start)
        found = _value_of(text, _Keyword(start, end, text[start:end])) if end else None
        if found is not None:
            reached = found.end
            yield found


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


def _value_of(text: str, keyword: _Keyword) -> Secret | None:
    kind = Kind.PASSWORD if keyword.word[:2].lower() in ("pa", "pw") else Kind.KEY
    is_vague = keyword.word.lower() == "key" and not _WHOSE_KEY.search(
        text, max(keyword.start - _LONGEST_HEAD, 0), keyword.start
    )
    if is_vague and not keyword.word.isupper():
        return None
    for form, is_meant in _FORMS:
        found = form.match(text, keyword.end)
        if found is None:
            continue
        if not _is_word(text, keyword, found["rest"]):
            return None
        value = found["value"]
        if is_vague and (len(value) < _LONG_KEY or n_numbers(value) < _MOST_NUMBERS):
            continue
        if is_meant(text, keyword, found) and _is_secret(value, kind):
            return Secret(found.start("value"), found.end("value"), kind)
    return None


def _is_word(text: str, keyword: _Keyword, rest: str) -> bool:
    """Whether the keyword is a word of the name, and the name is that of the secret itself."""
    word, before = keyword.word, text[max(keyword.start - 1, 0) : keyword.start]
    if rest[:1].islower() and word[-1].islower():
        return False
    if rest[:1].isupper() and word.isupper():
        return False
    is_glued = before.isalpha() and not (before.islower() and word[0].isupper())
    if is_glued and word.lower() in ("pass", "pwd", "auth"):
        return False
    return _NOT_ITSELF.search(rest) is None


def _head(text: str, keyword: _Keyword) -> str:
    """What stands in the line before the keyword, as far as it matters."""
    start = max(keyword.start - _LONGEST_HEAD, 0)
    return text[max(text.rfind("\n", start, keyword.start) + 1, start) : keyword.start]


def _is_quoted(text: str, keyword: _Keyword, found: re.Match[str]) -> bool:
    separator = found["sep"]
    if separator == ",":
        return bool(found["quote"])
    if not separator:
        return _head(text, keyword).lstrip().startswith("#define ")
    if separator == "(":
        # Of calls only those that set something: `setPassword("…")`, `.password("…")`.
        head = _head(text, keyword)
        return not found["rest"] and head.endswith((".", "set", "set_", "with", "with_"))
    return True


def _is_pair(text: str, keyword: _Keyword, found: re.Match[str]) -> bool:
    head = _head(text, keyword)
    name = _HEAD.search(head)
    assert name is not None, "an empty name is one as well"
    before = head[: name.start()][-1:]
    value = found["value"]
    if found["sep"] == ": ":
        return before in ("'", '"') and text[found.end() : found.end() + 1] == before
    if name.group().startswith("--") or before in ("?", "&", ";"):
        return True
    if keyword.word.isupper() or (before in ("'", '"') and not name.group().islower()):
        return True
    is_option = not value.isidentifier() or _OPTION.match(name.group()) is not None
    return (before == "" and is_option) or looks_random(value)


def _is_line(text: str, keyword: _Keyword, found: re.Match[str]) -> bool:
    head = _head(text, keyword)
    if _LINE_HEAD.fullmatch(head) is None:
        return False
    value, separator = found["value"], found["sep"]
    if separator.strip() == ":":
        names_itself = keyword.word.lower() in value.lower() and value.isidentifier()
        is_code = is_type(value) or names_itself
        return separator.endswith((" ", "\t")) and (
            not is_code or n_numbers(value) >= _MOST_NUMBERS
        )
    if separator == "=":
        is_at_margin = not head[:1].isspace()
        return keyword.word.isupper() or (is_at_margin and not value.isidentifier())
    if value.isidentifier():
        return len(value) >= _LONG_WORD and n_numbers(value) >= _MOST_NUMBERS
    return looks_random(value)


def _always(text: str, keyword: _Keyword, found: re.Match[str]) -> bool:
    return True


_FORMS = (
    (_QUOTED, _is_quoted),
    (_PAIR, _is_pair),
    (_LINE, _is_line),
    (_ELEMENT, _always),
    (_NEXT_LINE, _always),
)


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
    return len(value) >= _LONG_WORD and has_letter and (has_mark or looks_random(value))


_PASSPHRASE = re.compile(r"[a-z]{3,}(?:-[a-z]{3,}){3,}")


def _is_passphrase(value: str) -> bool:
    return _PASSPHRASE.fullmatch(value) is not None and not _PASSWORD.search(value)


def _is_long_word(value: str) -> bool:
    return len(value) >= _LONG_WORD and value.islower() and value.isalpha()
