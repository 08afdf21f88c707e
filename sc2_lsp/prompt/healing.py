"""Token healing: which end of the text before the cursor the model should write anew.

A cursor seldom stands where a token ends. Behind `<fim_middle>` the model was trained on whole
words, so the word that the cursor cuts is left out of the prompt, and the engine lets only tokens
through that begin with it. Where to step back to follows the pre-tokenizer of StarCoder2: numbers
digit by digit, then GPT-2's classes of letters, marks and blanks, a word taking one space before it
along. Multi-byte characters are never cut, because only whole characters are looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# A longer run is no word that somebody types; its tokens would be found one after the other.
_LONGEST_CUT = 32
_CUT = re.compile(r"(?: ?(?:[^\W\d_]+|(?:[^\w\s]|_)+)|[ \t]|(?:\r?\n)+)\Z")


@dataclass(frozen=True, slots=True)
class Healed:
    """`kept + required` is the text; the prompt shows `kept` and the answer begins behind both."""

    kept: str
    required: str


def heal(text: str) -> Healed:
    """Split `text`, whose end is the cursor, at the last place where a token surely ends.

    Nothing is required behind a digit, which is a token of its own, and behind endless runs.
    """
    start = max(len(text) - _LONGEST_CUT - 1, 0)
    found = _CUT.search(text, start)
    if found is None or len(found.group()) > _LONGEST_CUT:
        return Healed(text, "")
    return Healed(text[: found.start()], found.group())
