"""The words that a text is searched by: its identifiers, whole and in their parts, lower-cased.

Runs over every indexed byte, so what a word becomes is remembered. Comments and strings count too.
"""

from __future__ import annotations

import re

_MAX_WORD_CHARS = 64
_MAX_REMEMBERED = 200_000

_WORD = re.compile(r"\w\w+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")

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


def search_text(content: str | bytes) -> str:
    """The words of `content` as one text, blanks between them: what a full-text index reads."""
    if isinstance(content, bytes):
        content = content.decode("utf-8", "replace")
    return " ".join(filter(None, map(_remembered.__getitem__, _WORD.findall(content))))


class _Remembered(dict[str, str]):
    def __missing__(self, word: str) -> str:
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        found = self[word] = _searched_as(word)
        return found


def _searched_as(word: str) -> str:
    whole = word.strip("_").lower()
    if not 2 <= len(whole) <= _MAX_WORD_CHARS or whole[0].isdigit() or whole in KEYWORDS:
        return ""
    split = _PART.findall(word) if word.isascii() else word.split("_")
    parts = [part.lower() for part in split if len(part) > 1]
    parts = [part for part in parts if part != whole and part not in KEYWORDS]
    return " ".join((whole, *parts))


_remembered = _Remembered()
