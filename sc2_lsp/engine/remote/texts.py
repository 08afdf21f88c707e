"""A prompt of tokens as one text, for a server that takes no tokens and parses control tokens.

The control tokens are written as text. What looks like one in the user's code must not become one:
behind its first char stands an invisible char, the guard, which is taken out of what the model
writes, so that a suggestion shows none. Prompt and guard are the same for the same tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sc2_lsp.engine.tokenizer import Tokenizer
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS, SPECIAL_TOKENS

_SPECIAL = re.compile("|".join(map(re.escape, SPECIAL_TOKENS)))
# They take no room and join nothing; the first one that the user's own text does not hold is used.
_GUARDS = ("\u2060", "\u200b", "\u2063", "\u2064")


@dataclass(frozen=True, slots=True)
class PromptText:
    """The text of a prompt, and the guard within it, empty where none was needed."""

    text: str
    guard: str

    def unguarded(self, written: str) -> str:
        """What the model wrote, without the guard that it may have learnt from the prompt."""
        return written.replace(self.guard, "") if self.guard else written


def prompt_text(tokenizer: Tokenizer, tokens: Sequence[int]) -> PromptText:
    """The text that a parser of control tokens reads as `tokens` again."""
    parts = [
        (is_special, tokenizer.bytes_of(list(part)).decode("utf-8", "replace"))
        for is_special, part in groupby(tokens, lambda token: token < N_SPECIAL_TOKENS)
    ]
    own = [text for is_special, text in parts if not is_special]
    if not any(map(_SPECIAL.search, own)):
        return PromptText("".join(text for _, text in parts), "")
    guard = next((guard for guard in _GUARDS if not any(guard in text for text in own)), _GUARDS[0])
    return PromptText(
        "".join(text if is_special else _guarded(text, guard) for is_special, text in parts), guard
    )


def before_special(text: str) -> str | None:
    """What stands before the first control token that `text` spells out; None for none."""
    found = _SPECIAL.search(text)
    return text[: found.start()] if found else None


def _guarded(text: str, guard: str) -> str:
    return _SPECIAL.sub(lambda found: f"{found[0][0]}{guard}{found[0][1:]}", text)
