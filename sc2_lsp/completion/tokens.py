"""The tokens of redacted texts."""

from __future__ import annotations

from collections.abc import Sequence

from sc2_lsp.domain import Tokens
from sc2_lsp.ports import Engine
from sc2_lsp.prompt.redaction import Pieces, texts_of, tokens_of


async def tokenize(parts: Sequence[Pieces], engine: Engine) -> list[Tokens]:
    """The tokens of each of `parts`, its placeholders put in by id."""
    return tokens_of(parts, await engine.tokenize(texts_of(parts)))
