"""What shows that a server's model knows StarCoder2's special tokens. No code is sent for it."""

from __future__ import annotations

from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.vocabulary import (
    ENDOFTEXT,
    FILE_SEP,
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    REPO_NAME,
    SPECIAL_TOKENS,
)

NEEDED = (FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX, REPO_NAME, FILE_SEP, ENDOFTEXT)
"""The special tokens that prompts are made of, and the one that ends a text."""

NEEDED_TEXT = "".join(SPECIAL_TOKENS[token] for token in NEEDED)


def differs(name: str) -> ServerError:
    """The model `name` is no StarCoder2."""
    message = f"has {name}, which is no StarCoder2 model: its special tokens differ"
    return ServerError(message, is_away=True)
