"""What a configuration file of git's says, so far as it says it itself: `include` is not followed.

Syntax from git's manual, git-config. A file that git would refuse counts up to where it is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_BLANK = re.compile(r"(?:[ \t\n\v\f\r]|[#;].*)*")
_SECTION = re.compile(r'\[([-.0-9a-z]+)([ \t]+"(?:[^"\\\n]|\\.)*")?\]', re.IGNORECASE)
_NAME = re.compile(r"([a-z][-0-9a-z]*)[ \t]*(=|(?=\n)|$)", re.IGNORECASE)
_PIECE = re.compile(
    r'(?P<escape>\\[\s\S])|(?P<quote>")|(?P<mark>[#;])|(?P<space>[ \t\v\f\r]+)'
    r'|(?P<text>[^\\"#; \t\n\v\f\r]+)'
)
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\b": "\b", "\\\\": "\\", '\\"': '"', "\\\n": ""}
_TRUE = ("true", "yes", "on", "1")


@lru_cache(maxsize=16)
def settings_in(data: bytes) -> Mapping[str, str]:
    """The last value of each `section.name`, in lower case; not those of subsections."""
    text = data.decode("utf-8-sig", "surrogateescape").replace("\r\n", "\n")
    found: dict[str, str] = {}
    section = ""
    at = _end(_BLANK, text, 0)
    while at < len(text):
        if header := _SECTION.match(text, at):
            section = "" if header[2] else f"{header[1].lower()}."
            at = _end(_BLANK, text, header.end())
            continue
        name = _NAME.match(text, at)
        if name is None:
            break
        value, at = "true", name.end()
        if name[2]:
            read = _value(text, at)
            if read is None:
                break
            value, at = read
        if section:
            found[section + name[1].lower()] = value
        at = _end(_BLANK, text, at)
    return found


def is_true(value: str | None) -> bool:
    return value is not None and value.lower() in _TRUE


def _value(text: str, at: int) -> tuple[str, int] | None:
    """What stands from `at` to the end of the line, and where that is; None if it is no value."""
    parts: list[str] = []
    n_kept = 0  # Spaces count in quotes, and between what is none.
    is_quoted = False
    while piece := _PIECE.match(text, at):
        if piece["mark"] and not is_quoted:
            break
        at = piece.end()
        if piece["quote"]:
            is_quoted = not is_quoted
        elif is_quoted or parts or not piece["space"]:
            parts.append(_ESCAPES.get(piece[0], "") if piece["escape"] else piece[0])
        if piece["escape"] and piece[0] not in _ESCAPES:
            return None
        if is_quoted or not piece["space"]:
            n_kept = len(parts)
    return None if is_quoted else ("".join(parts[:n_kept]), at)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
