"""What the core asks of the outside world, as protocols, and how it fails.

EngineError
  ModelError          the configured weights cannot be used; asking again will not help
  EngineUnavailable   the engine is not running just now; asking again later may help
  RequestLost         this request is lost, but another engine may answer it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sc2_lsp.domain import (
    EngineSpec,
    Generation,
    GenerationRequest,
    IndexProgress,
    IndexSpec,
    ModelInfo,
    Snapshot,
    Tokens,
)
from sc2_lsp.symbols import Import, Located, Match
from sc2_lsp.text import Text


class EngineError(Exception):
    """The engine could not answer; the message is one sentence for the user."""


class ModelError(EngineError):
    """The model file is missing, broken, of another architecture, or does not fit."""


class EngineUnavailable(EngineError):
    """The engine process died or waits to be restarted."""


class RequestLost(EngineError):
    """`engine` did not answer; `for_request` has another that may."""

    def __init__(self, message: str, engine: Engine) -> None:
        super().__init__(message)
        self.engine = engine


class Engine(Protocol):
    """Something that turns text into tokens and continues tokens.

    Cancelling a pending call frees the engine at once.
    """

    async def for_request(self, lost: Sequence[Engine] = ()) -> Engine:
        """The engine for one request from its beginning to its end: tokens mean nothing to another.

        None of those that have `lost` the request, where there is another. Raises nothing.
        """
        ...

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


class CodeIndex(Protocol):
    """What is known of the files below one root. Paths are relative to it, with forward slashes.

    Every call answers from what is indexed by now, within milliseconds, on the thread of the
    caller, and raises nothing: a broken or an empty index knows of nothing. Excluded files, and
    those that may hold secrets as a whole, are not in it.
    """

    def at_once(self) -> AbstractContextManager[None]:
        """What is asked within, on one thread, is answered from one state of the index."""
        ...

    def definitions(self, names: Sequence[str], limit: int) -> list[Located]:
        """Definitions with one of these names, at most `limit` for each."""
        ...

    def members(self, containers: Sequence[str], limit: int) -> list[Located]:
        """Definitions inside a definition with one of these names, at most `limit` for each."""
        ...

    def outline_of(self, path: str) -> list[Located]:
        """The definitions of one file, in the order of its lines."""
        ...

    def imports_of(self, path: str) -> list[Import]:
        """What one file imports."""
        ...

    def paths_ending(self, suffixes: Sequence[str], limit: int) -> list[str]:
        """Files whose path is, or ends with a slash and, one of `suffixes` (`a/b.py`)."""
        ...

    def search(self, words: Sequence[str], limit: int) -> list[Match]:
        """The pieces of files that BM25 finds for these identifiers, the best first."""
        ...

    def read(self, path: str) -> str | None:
        """The text of a file, as the editor holds it or as it is on disk; None if it is gone, or
        is not what was indexed."""
        ...

    def now(self, path: str) -> str | None:
        """The same, though the disk may have another text than was indexed by now; None for a file
        that is gone, or not in the index."""
        ...


class Indexes(Protocol):
    """The indexes of the folders that somebody works in, kept fresh; paths are absolute.

    Nothing here raises: where a folder cannot be indexed the listener is told why, in one sentence.
    """

    def listen(
        self, progress: Callable[[IndexProgress], None], notice: Callable[[str], None]
    ) -> None:
        """Tell of progress and of what went wrong, on the event loop, from now on."""
        ...

    def configure(self, spec: IndexSpec) -> None:
        """Index these folders and no others from now on."""
        ...

    def index_for(self, snapshot: Snapshot) -> CodeIndex | None:
        """What is known of the folder that holds the snapshot's document."""
        ...

    def still(self) -> AbstractContextManager[None]:
        """Whatever is done within is waited for, and what can be indexed later is."""
        ...

    def hold(self, path: str, text: Text) -> None:
        """Take `text` for what the file holds, whatever is on the disk."""
        ...

    def release(self, path: str) -> None:
        """Take what is on the disk for what the file holds."""
        ...

    def changed(self, paths: Iterable[str]) -> None:
        """These files or folders may be others on the disk than they were."""
        ...

    def excludes(self, path: str) -> bool:
        """Whether an `.sc2ignore` says that no prompt may show this file, be it open or not.

        Answered from memory where it was asked before and no rules changed.
        """
        ...

    async def summaries(self) -> list[dict[str, Any]]:
        """Size, languages, skipped files, age and state of each index, as plain JSON."""
        ...

    async def close(self) -> None:
        """End everything that was started; what is indexed is kept on the disk."""
        ...


class Power(Protocol):
    """Whether the machine runs on its battery; false where it has none or cannot tell."""

    def __call__(self) -> bool: ...


class Clock(Protocol):
    """Monotonic time in seconds."""

    def __call__(self) -> float: ...
