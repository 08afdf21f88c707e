"""Cuts a suggestion at the first special token that the model spelled out as text.

The engine stops at the tokens themselves; this is for models that write their text, character by
character. A token that the document spells as well belongs to what the user writes about and stays.
"""

from __future__ import annotations

import re

from sc2_lsp.postprocess.around import Around
from sc2_lsp.vocabulary import SPECIAL_TOKENS

_SPECIAL = re.compile("|".join(re.escape(token) for token in SPECIAL_TOKENS))


def cut_special_tokens(suggestion: str, around: Around) -> str:
    """The suggestion up to its first special token."""
    for match in _SPECIAL.finditer(suggestion):
        token = match.group()
        if token not in around.before and token not in around.after:
            return suggestion[: match.start()]
    return suggestion
