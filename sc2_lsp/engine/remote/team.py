"""The engine of a session: one of the team's servers while any answers, else this machine's.

A request stays with the engine that it began with. The user is told once that none is there,
by the notice of the local model's description; the local weights are loaded only when it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sc2_lsp.domain import Access, EngineSpec, Generation, GenerationRequest, ModelInfo, Tokens
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.remote.endpoints import Endpoint, endpoints_of
from sc2_lsp.engine.remote.keys import Keys
from sc2_lsp.models import BUNDLED_MODEL
from sc2_lsp.ports import Clock, Engine, ModelError

if TYPE_CHECKING:
    from sc2_lsp.engine.remote.several import Several


# How long a server may keep a request waiting before this machine gets ready to answer it.
_DOUBT_S = 0.4
# So many may lose a request before this machine answers it.
_MOST_SERVERS = 2


class TeamEngine:
    """Implements the `ManagedEngine` port with one of two engines. Belongs to one event loop."""

    def __init__(self, local: EngineClient, spec: EngineSpec, clock: Clock) -> None:
        self._local = local
        self._clock = clock
        self._asked = ("", Access(), 0)
        self._model_path = ""
        self._remote: Several | None = None
        self._names: list[str] = []
        self._refusal = ""
        self._told = ""
        self._closing: set[asyncio.Task[None]] = set()
        self.configure(spec)

    @property
    def pid(self) -> int | None:
        """The process id of the local engine; None while none is running."""
        return self._local.pid

    @property
    def n_ends(self) -> int:
        """How often the local engine's process died or did not start."""
        return self._local.n_ends

    @property
    def state(self) -> str:
        """One word for a status line: stopped, loading, ready or failed."""
        is_ready = self._remote is not None and self._remote.current.is_ready
        return "ready" if is_ready else self._local.state

    @property
    def load_share(self) -> float:
        """How much of this machine's weights the last load has brought, from 0 to 1."""
        return self._local.load_share

    @property
    def answering(self) -> str | None:
        """The name of the model that answers in place of this machine's; None while none does."""
        return None if self._remote is None else self._remote.current.model_name

    def configure(self, spec: EngineSpec) -> None:
        self._local.configure(replace(spec, endpoint="", access=Access()))
        self._model_path = spec.model_path
        asked = (spec.endpoint, spec.access, spec.n_ctx)
        if asked == self._asked:
            return
        self._asked, self._refusal = asked, ""
        self._told = ""
        self._let_go()
        try:
            endpoints = endpoints_of(spec.endpoint, spec.access)
            self._names = [endpoint.address.url for endpoint in endpoints]
            if endpoints:
                self._remote = self._connect(endpoints, spec.n_ctx)
        except ModelError as error:
            self._refusal = f"{error} Until then the model of this machine answers."

    def warm_up(self) -> None:
        if self._remote is None:
            self._local.warm_up()
        else:
            self._remote.try_again()

    async def for_request(self, lost: Sequence[Engine] = ()) -> Engine:
        remote = self._remote
        if remote is not None and len(lost) < _MOST_SERVERS:
            found = await self._choose(remote, lost[0] if lost else None)
            if found is not None:
                self._told = ""
                return found
        notice = self._notice(remote)
        return _Instead(self._local, notice) if notice else self._local

    async def describe(self) -> ModelInfo:
        return await (await self.for_request()).describe()

    async def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        return await (await self.for_request()).tokenize(texts)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return await (await self.for_request()).detokenize(tokens)

    async def generate(self, request: GenerationRequest) -> Generation:
        return await (await self.for_request()).generate(request)

    async def close(self) -> None:
        self._let_go()
        await asyncio.gather(self._local.close(), *self._closing, return_exceptions=True)

    async def _choose(self, remote: Several, instead_of: Engine | None) -> Engine | None:
        """A server that can be asked; the local weights are loaded while that takes a moment."""
        choosing = asyncio.ensure_future(remote.choose(instead_of))
        try:
            await asyncio.wait({choosing}, timeout=_DOUBT_S)
            if not choosing.done():
                self._local.warm_up()
            return await choosing
        finally:
            choosing.cancel()

    def _notice(self, remote: Several | None) -> str:
        if remote is None:
            return self._refusal
        # Why it is away may change while it is, which is no reason to say so again; and before it
        # is known there is nothing to say.
        if not self._told and not remote.is_ready and any(remote.problems()):
            self._told = self._away(remote)
        return self._told

    def _away(self, remote: Several) -> str:
        each = [
            f"{name} {problem or 'is not known yet'}"
            for name, problem in zip(self._names, remote.problems(), strict=True)
        ]
        if len(each) == 1:
            return f"The server {each[0]}; the model of this machine answers until it does."
        away = "; the server ".join(each)
        return f"The server {away}; the model of this machine answers until one of them does."

    def _connect(self, endpoints: Sequence[Endpoint], n_ctx: int) -> Several:
        # Whoever has no server does not wait for the library that speaks HTTP.
        from sc2_lsp.engine.remote.finding import AnyServer
        from sc2_lsp.engine.remote.remote import RemoteEngine
        from sc2_lsp.engine.remote.several import Several

        local = self._local
        keys = Keys([endpoint.address.host for endpoint in endpoints], self._clock)
        engines: list[RemoteEngine] = []

        async def stand_in(silent: RemoteEngine) -> None:
            if not any(other.is_ready for other in engines if other is not silent):
                await local.describe()

        for endpoint in endpoints:
            server = AnyServer(endpoint.address, endpoint.model, n_ctx, self._vocabularies, keys)
            engine = RemoteEngine(
                server, n_ctx, self._clock, doubt=local.warm_up, stand_in=stand_in
            )
            engines.append(engine)
        return Several(engines)

    def _vocabularies(self) -> Sequence[Path]:
        """The models of this machine: all that are a StarCoder2 of any size have the same."""
        return (Path(self._model_path), BUNDLED_MODEL)

    def _let_go(self) -> None:
        remote, self._remote = self._remote, None
        if remote is None:
            return
        task = asyncio.ensure_future(remote.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _Instead:
    """The local engine for one request, with a sentence for the user that says why."""

    def __init__(self, engine: EngineClient, notice: str) -> None:
        self._engine = engine
        self._notice = notice

    async def for_request(self, lost: Sequence[Engine] = ()) -> Engine:
        return self

    async def describe(self) -> ModelInfo:
        info = await self._engine.describe()
        return replace(info, notice=self._notice or info.notice)

    async def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        return await self._engine.tokenize(texts)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return await self._engine.detokenize(tokens)

    async def generate(self, request: GenerationRequest) -> Generation:
        return await self._engine.generate(request)
