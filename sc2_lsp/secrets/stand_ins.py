"""What stands where a secret would: placeholders, references to a secret kept elsewhere, names."""

from __future__ import annotations

import re
from itertools import pairwise

_WORDS = (
    r"pass(?:word|wd|phrase|code)?|pw|pwd|secret|token|credentials?|key|user(?:name)?|login|bearer"
    r"|api[_-]?key|value|string|str|none|null|nil|true|false|undefined|auto|optional|required"
    r"|basic|digest|default|disabled|enabled|hidden|unknown|invalid|empty|missing|redacted|unset"
)
_STAND_IN = re.compile(
    rf"(?:my|the|a|new|old|some|your|bad|wrong|test)?[_-]?(?:{_WORDS})(?:[_-]?(?:{_WORDS}))?[_-]?\d?"
    r"|.*(?:change[_-]?(?:me|it|this)|example|placeholder|dummy|your[_-]|replace|redacted|insert"
    r"|enter[_-]|todo|fixme|sample|xxx|\*\*\*|\.\.\.|…|---|___).*",
    re.IGNORECASE | re.DOTALL,
)
# A value that is put together or looked up when the program runs.
_REFERENCE = re.compile(
    r".*(?:\$\{|\$\(|\{\{|<%|#\{|%\(|%[sdrvq@]|\{[\w.!:\[\]]*\}|\\\(|<[\w. -]+>|\benv\b|getenv"
    r"|environ|://).*|\$[A-Za-z_]\w*|%\w+%|[@:&][A-Za-z_]+(?:/\w+)?|[~./\\][\w./\\-]*|[A-Za-z]:\\.*",
    re.DOTALL,
)
# Patterns of a lexer, calls, tags, media types, dotted names, names of files, versions and dates.
_CODE = re.compile(
    r".*(?:\(\?|\[\^|\\[wdsbSWDAZz]|[A-Za-z0-9]-[A-Za-z0-9]\]|\[\w+\]|[*+]\)|<|>).*"
    r"|[A-Za-z_][\w.]*\(.*\)?|[A-Za-z][\w-]*(?:/[\w.+-]+)+|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"
    r"|[\w-]+\.[a-z]{2,4}|v?\d+(?:[.:/-]\d+)+(?:[TZ\w.+-]*)|(?:arn|urn|oid|aws|ssm|vault|op):.*",
    re.DOTALL,
)
# Words joined: `client-side`, `oauth2_access`, `utf-8`.
_JOINED_WORDS = re.compile(r"[A-Za-z]+\d{0,4}(?:[_-][A-Za-z]+\d{0,4}|[_-]\d{1,2})+")
_TYPE = re.compile(r"[A-Z]\w*|(?:u?int|float|[iuf]|utf|sha|str|bytes|char)\d*(?:_t)?|[a-z]\w{0,3}")
_DIGITS = re.compile(r"\d+")
_JOINTS = "_-./"
_SURELY_NO_WORD = 30
_NUMBERS = 4


def is_stand_in(value: str) -> bool:
    """Whether `value` is surely no secret, whatever it is assigned to."""
    if _REFERENCE.fullmatch(value):
        return True
    if looks_random(value) and (len(value) >= _SURELY_NO_WORD or n_numbers(value) >= _NUMBERS):
        return False
    return any(form.fullmatch(value) for form in (_STAND_IN, _CODE, _JOINED_WORDS))


def is_type(value: str) -> bool:
    """Whether `value` could be the type of what stands before a colon."""
    return _TYPE.fullmatch(value) is not None


def looks_random(value: str) -> bool:
    """Whether `value` goes to and fro between classes of chars, as no word does."""
    classes = [_class(char) for char in value if char not in _JOINTS]
    n_changes = sum(a != b for a, b in pairwise(classes))
    n_expected = len(value) // 5 if 2 in classes else len(value) * 2 // 5
    return n_changes >= max(3, n_expected)


def n_numbers(value: str) -> int:
    """How many runs of digits `value` has; names have one or two."""
    return len(_DIGITS.findall(value))


def _class(char: str) -> int:
    return 0 if char.islower() else 1 if char.isupper() else 2 if char.isdigit() else 3
