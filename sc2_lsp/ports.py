"""What the core asks of the outside world, as protocols, and how it fails.

EngineError
  ModelError          the configured weights cannot be used; asking again will not help
  EngineUnavailable   the engine is not running just now; asking again later may help
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, ModelInfo, Tokens


class EngineError(Exception):
    """The engine could not answer; the message is one sentence for the user."""


class ModelError(EngineError):
    """The model file is missing, broken, of another architecture, or does not fit."""


class EngineUnavailable(EngineError):
    """The engine process died or waits to be restarted."""


class Engine(Protocol):
    """Something that turns text into tokens and continues tokens.

    Cancelling a pending call frees the engine at once.
    """

    async def describe(self) -> ModelInfo:
        """The loaded model; starts and loads it where needed."""
        ...

    async def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokens of each text on its own, special tokens written in it taken as plain text."""
        ...

    async def detokenize(self, tokens: Sequence[int]) -> str:
        """The text of `tokens` with special tokens written out, to show a prompt to a person."""
        ...

    async def generate(self, request: GenerationRequest) -> Generation:
        """Continue the request's tokens."""
        ...


class ManagedEngine(Engine, Protocol):
    """An engine whose owner decides what it loads and when it ends."""

    def configure(self, spec: EngineSpec) -> None:
        """Use `spec` from the next call on; weights in memory are kept where nothing changed."""
        ...

    def warm_up(self) -> None:
        """Begin to load the weights in the background; failures show at the next call."""
        ...

    async def close(self) -> None:
        """End the engine and everything it started; later calls raise `EngineUnavailable`."""
        ...


class Power(Protocol):
    """Whether the machine runs on its battery; false where it has none or cannot tell."""

    def __call__(self) -> bool: ...


class Clock(Protocol):
    """Monotonic time in seconds."""

    def __call__(self) -> float: ...
