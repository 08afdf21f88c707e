"""The words that a text is searched by: its identifiers, whole and in their parts, lower-cased.

Runs over every indexed byte, so what a word becomes is remembered. Comments and strings count too.
"""

from __future__ import annotations

import re

_MAX_WORD_CHARS = 64
_MAX_REMEMBERED = 200_000
_SHORT_BYTES = 3

_WORD = re.compile(r"\w\w+")
_DIGITS = frozenset(b"0123456789")
# Of the ways to cut a text into runs of letters this is the fastest; what is not ASCII is sorted
# out once for each run.
_BLANKED = bytes(
    byte if byte >= 128 or chr(byte).isalnum() or byte == ord("_") else ord(" ")
    for byte in range(256)
)
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_LOWER_PART = re.compile(r"[a-z][a-z]+")

# Keywords of all languages together, and names that stand in nearly every file of one.
_KEYWORDS = """
abstract alignas and as assert async await auto begin bool boolean break byte case catch char
class const constexpr continue crate declare def default defer del delete do done double echo
elif else elsif elseif end endif enum ensure esac except export extends extern false fi final
finally float fn for foreach from fun func function global go goto guard if impl implements
import in inline instanceof int interface internal into is isset lambda let local long loop
match mod module mut namespace native new next nil none nonlocal not null nullptr object of
operator or override package pass print private protected protocol pub public raise readonly
redo ref register repeat require rescue restrict retry return sealed select self short signed
sizeof static str string struct super suspend switch synchronized template then this throw
throws trait transient true try type typedef typeof typename union unless unsafe unsigned until
use using val var virtual void volatile when where while with yield
"""
KEYWORDS = frozenset(_KEYWORDS.split())


def identifiers(content: str | bytes) -> list[str]:
    """The words of `content` in their order, each as often as it stands there."""
    return search_text(content).split()


def is_searched(name: str) -> bool:
    """Whether a name, which is one word, is among the words that are searched by."""
    return len(name) > 1 and bool(_whole(name))


def search_text(content: str | bytes) -> str:
    """The words of `content` as one text, blanks between them: what a full-text index reads.

    Bytes are UTF-8; what is not is no part of a word.
    """
    return " ".join(filter(None, map(_remembered.__getitem__, _runs(content))))


def distinct_text(content: str | bytes) -> str:
    """As `search_text`, but each word once or a few times, and in no order."""
    return " ".join(map(_remembered.__getitem__, set(_runs(content))))


def _runs(content: str | bytes) -> list[bytes]:
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    return data.translate(_BLANKED).split()


class _Remembered(dict[bytes, str]):
    def __missing__(self, run: bytes) -> str:
        # Long numbers are told at a glance, and seldom stand anywhere twice.
        if len(run) > _SHORT_BYTES and run[0] in _DIGITS and run.isascii():
            return ""
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        found = self[run] = _searched_as(run)
        return found


def _searched_as(run: bytes) -> str:
    if run.isascii():
        return _with_parts(run.decode("ascii"))
    words = _WORD.findall(run.decode("utf-8", "replace"))
    return " ".join(filter(None, map(_with_parts, words)))


def _whole(word: str) -> str:
    whole = word.strip("_").lower()
    if not 2 <= len(whole) <= _MAX_WORD_CHARS or whole[0].isdigit() or whole in KEYWORDS:
        return ""
    return whole


def _with_parts(word: str) -> str:
    whole = _whole(word)
    if not whole or (whole.isalpha() and word.islower()):
        return whole
    if not word.isascii():
        parts = [part.lower() for part in word.split("_")]
    elif word.islower():
        parts = _LOWER_PART.findall(whole)
    else:
        parts = " ".join(_PART.findall(word)).lower().split()
    return " ".join([whole, *(p for p in parts if len(p) > 1 and p != whole and p not in KEYWORDS)])


_remembered = _Remembered()
