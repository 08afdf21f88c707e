"""The engine as the rest of the project sees it: started on demand, restarted when it dies."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, ModelInfo, Tokens
from sc2_lsp.engine import shared
from sc2_lsp.engine.connection import Connection
from sc2_lsp.engine.process import start_private
from sc2_lsp.engine.rendezvous import SharingRefused
from sc2_lsp.ports import Clock, Engine, EngineError, EngineUnavailable, ModelError

_log = logging.getLogger(__name__)

_FIRST_BACK_OFF_S = 0.5
_LONGEST_BACK_OFF_S = 30.0
_TOKEN_CACHE_ENTRIES = 256
_TOKEN_CACHE_LONGEST_TEXT = 64 * 1024

Sharing: TypeAlias = Callable[[], "float | None"]
"""For how many seconds the engine to start or join is to outlive its last user; None for an engine
of one's own. Asked each time that an engine is needed."""


def no_sharing() -> None:
    """An engine of one's own."""


class EngineClient:
    """Implements the `ManagedEngine` port with one process. Belongs to one event loop.

    The process is shared with the user's other editors, or a child where `sharing` says so or no
    other way is open.

    A process that dies once is restarted by the next call. If it dies again before it has
    generated anything, calls fail for a while that doubles each time. A model that cannot be used
    is not tried again until the settings or the file change. `n_ends` counts how often a process
    died or did not start.
    """

    def __init__(
        self,
        spec: EngineSpec,
        clock: Clock,
        sharing: Sharing = no_sharing,
    ) -> None:
        self._spec = spec
        self._clock = clock
        self._sharing = sharing
        self._loading: asyncio.Task[tuple[Connection, ModelInfo]] | None = None
        self.load_share = 0.0
        """How much of the weights the last load has brought, from 0 to 1."""
        self._refused: tuple[_FileIdentity, ModelError] | None = None
        self._n_deaths = 0
        self.n_ends = 0
        self._retry_at_s = 0.0
        self._closed = False
        self._retiring: set[asyncio.Task[None]] = set()
        self._tokens: OrderedDict[bytes, Tokens] = OrderedDict()

    @property
    def pid(self) -> int | None:
        """The process id of the engine; None while none is running."""
        loaded = self._loaded()
        return loaded[0].pid if loaded and loaded[0].is_alive else None

    @property
    def state(self) -> str:
        """One word for a status line: stopped, loading, ready or failed."""
        if self._loading is None:
            return "failed" if self._refused else "stopped"
        if not self._loading.done():
            return "loading"
        return "ready" if self.pid is not None else "failed"

    def configure(self, spec: EngineSpec) -> None:
        if spec == self._spec:
            return
        self._spec = spec
        self._refused = None
        self._n_deaths = 0
        self._retry_at_s = 0.0
        self._tokens.clear()
        if (loaded := self._loaded()) is not None:
            # Nobody comes back to these weights soon, and the next ones need the memory.
            loaded[0].linger(0.0)
        self._retire()

    def warm_up(self) -> None:
        with suppress(EngineError):
            self._begin_loading()

    async def for_request(self, lost: Sequence[Engine] = ()) -> EngineClient:
        return self

    async def describe(self) -> ModelInfo:
        return (await self._ready())[1]

    async def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        connection, _ = await self._ready()
        # A lone surrogate, which JSON can carry, has no UTF-8 form: it becomes a question mark.
        keys = [text.encode("utf-8", "replace") for text in texts]
        known = self._tokens
        missing = list(dict.fromkeys(key for key in keys if key not in known))
        fresh = (
            dict(zip(missing, await connection.tokenize(missing), strict=True)) if missing else {}
        )
        result = [fresh[key] if key in fresh else known[key] for key in keys]
        for key, tokens in zip(keys, result, strict=True):
            self._remember(key, tokens)
        return result

    async def detokenize(self, tokens: Sequence[int]) -> str:
        connection, _ = await self._ready()
        return (await connection.detokenize(tuple(tokens))).decode("utf-8", "replace")

    async def generate(self, request: GenerationRequest) -> Generation:
        connection, _ = await self._ready()
        generation = await connection.generate(request)
        self._n_deaths = 0
        return generation

    async def close(self) -> None:
        self._closed = True
        self._retire()
        await asyncio.gather(*self._retiring, return_exceptions=True)

    def _remember(self, text: bytes, tokens: Tokens) -> None:
        if len(text) > _TOKEN_CACHE_LONGEST_TEXT:
            return
        self._tokens[text] = tokens
        self._tokens.move_to_end(text)
        while len(self._tokens) > _TOKEN_CACHE_ENTRIES:
            self._tokens.popitem(last=False)

    async def _ready(self) -> tuple[Connection, ModelInfo]:
        while True:
            loading = self._begin_loading()
            # Whoever gives up here does not take the load away from the others.
            await asyncio.wait({loading})
            # Otherwise other settings came in between, or another caller's attempt.
            if loading is self._loading:
                return loading.result()

    def _begin_loading(self) -> asyncio.Task[tuple[Connection, ModelInfo]]:
        """The load under way or done; begins one where there is none."""
        if self._closed:
            raise EngineUnavailable("The engine is shut down.")
        loading = self._loading
        if loading is not None and loading.done():
            loaded = self._loaded()
            if loaded is None or not loaded[0].is_alive:
                self._loading = loading = None
                if loaded is not None:
                    self._count_death()
        if loading is None:
            self._check_allowed()
            self.load_share = 0.0
            self._loading = loading = asyncio.ensure_future(self._load(self._spec))
            # Without a reader, a failed warm-up would be reported by the event loop instead.
            loading.add_done_callback(lambda task: task.cancelled() or task.exception())
        return loading

    def _follow_load(self, share: float) -> None:
        self.load_share = share

    def _loaded(self) -> tuple[Connection, ModelInfo] | None:
        loading = self._loading
        if loading is None or not loading.done() or loading.cancelled() or loading.exception():
            return None
        return loading.result()

    def _check_allowed(self) -> None:
        if self._refused is not None:
            identity, error = self._refused
            if identity == _file_identity(self._spec.model_path):
                raise ModelError(str(error))
            self._refused = None
        wait_s = self._retry_at_s - self._clock()
        if wait_s > 0:
            raise EngineUnavailable(
                f"The engine process keeps ending; it is started again in {wait_s:.0f} s."
            )

    async def _load(self, spec: EngineSpec) -> tuple[Connection, ModelInfo]:
        if self._retiring:
            # Two models may not fit into memory.
            await asyncio.wait(set(self._retiring))
        spec = _located(spec)
        identity = _file_identity(spec.model_path)
        connection = await self._open(spec)
        try:
            info = await connection.load(spec, self._follow_load)
        except ModelError as error:
            self._refused = (identity, error)
            await connection.close()
            raise
        except EngineUnavailable as error:
            self._count_death()
            raise EngineUnavailable(
                f"The engine process ended while it loaded {spec.model_path}: the file may be "
                f"damaged, or too large for this machine's memory ({error})."
            ) from error
        except asyncio.CancelledError:
            connection.linger(0.0)
            await connection.close()
            raise
        _log.info("engine %d loaded %s", connection.pid, info.path)
        return connection, info

    async def _open(self, spec: EngineSpec) -> Connection:
        """The shared engine for `spec`, or one of our own; without weights, if it is new."""
        idle_s = self._sharing()
        try:
            if idle_s is not None:
                return await shared.join(spec, idle_s)
        except SharingRefused as refusal:
            _log.warning("The engine is not shared with other editors: %s.", refusal)
        except EngineUnavailable:
            self._count_death()
            raise
        return await start_private()

    def _count_death(self) -> None:
        self.n_ends += 1
        self._n_deaths += 1
        if self._n_deaths > 1:
            back_off_s = min(_FIRST_BACK_OFF_S * 2 ** (self._n_deaths - 2), _LONGEST_BACK_OFF_S)
            self._retry_at_s = self._clock() + back_off_s

    def _retire(self) -> None:
        """Let go of the engine, if there is one, in the background."""
        if self._loading is None:
            return
        loading, self._loading = self._loading, None
        task = asyncio.ensure_future(_end(loading))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)


async def _end(loading: asyncio.Task[tuple[Connection, ModelInfo]]) -> None:
    """Let go of the engine that `loading` has found, or is about to."""
    if not loading.done():
        loading.cancel()
    with suppress(asyncio.CancelledError, EngineError):
        connection, _ = await loading
        await connection.close()


def _located(spec: EngineSpec) -> EngineSpec:
    """`spec` for a process that has another current folder."""
    return replace(spec, model_path=os.path.abspath(spec.model_path))  # noqa: PTH100


_FileIdentity: TypeAlias = "tuple[int, int] | None"


def _file_identity(path: str) -> _FileIdentity:
    """What changes when the file at `path` is replaced; None while there is no such file."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns
