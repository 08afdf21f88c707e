"""What texts are in tokens for a server: its own, or stand-ins where it takes prompts as text.

In the second case tokens never leave this machine: they count, and find back to the text. The
bundled model's vocabulary serves for that. It is smaller than StarCoder2's, so that a text counts
as more than it is, and a prompt that fits by it fits.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Protocol

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.engine.remote.texts import PromptText, prompt_text
from sc2_lsp.engine.remote.transport import Transport
from sc2_lsp.engine.tokenizer import Tokenizer
from sc2_lsp.vocabulary import SPECIAL_TOKENS

# From here on the event loop would be held up for milliseconds.
_LONG = 2048
_NAMES = "|".join(re.escape(special.strip("<|>")) for special in SPECIAL_TOKENS)
# Words end between punctuation and a letter anyway, so that a text comes apart as it would whole.
_BEFORE_NAME = re.compile(rf"(?<=[<|])(?=(?:{_NAMES})\|?>)")


class Words(Protocol):
    """The tokens of texts, as one server or this machine has them."""

    async def tokenize(self, text: str) -> Tokens:
        """The tokens of `text`, special ones written in it taken as plain text."""
        ...

    async def detokenize(self, tokens: Sequence[int]) -> str: ...

    def prompt(self, tokens: Sequence[int]) -> PromptText | list[int]:
        """What to send for `tokens`."""
        ...


class OwnWords:
    """Tokens that stand for text on this machine alone."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    async def tokenize(self, text: str) -> Tokens:
        if len(text) < _LONG:
            return self._tokenizer.tokenize(text)
        return await asyncio.to_thread(self._tokenizer.tokenize, text)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return self._tokenizer.bytes_of(tokens).decode("utf-8", "replace")

    def prompt(self, tokens: Sequence[int]) -> PromptText | list[int]:
        return prompt_text(self._tokenizer, tokens)


class VllmWords:
    """The tokens of a vLLM's model `name`, which takes every text of a control token for one."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport = transport
        self._name = name

    async def tokenize(self, text: str) -> Tokens:
        parts = await asyncio.gather(*map(self.parse, filter(None, _BEFORE_NAME.split(text))))
        return tuple(token for part in parts for token in part)

    async def parse(self, text: str) -> Tokens:
        """The tokens of `text` with control tokens for what looks like them."""
        asked = {"model": self._name, "prompt": text, "add_special_tokens": False}
        answer = await self._transport.post("/tokenize", asked)
        tokens = answer.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, int) for token in tokens):
            raise ServerError("answers with something else than tokens", is_away=True)
        return tuple(tokens)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        asked = {"model": self._name, "tokens": list(tokens)}
        return str((await self._transport.post("/detokenize", asked)).get("prompt", ""))

    def prompt(self, tokens: Sequence[int]) -> PromptText | list[int]:
        return list(tokens)
