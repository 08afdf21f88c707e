"""The engine of a session: the team's server while it answers, else the one of this machine.

A request stays with the engine that it began with. The user is told once that the server is away,
by the notice of the local model's description; the local weights are loaded only when it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, ModelInfo, Tokens
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.remote.address import Address, address_of
from sc2_lsp.ports import Clock, Engine, ModelError

if TYPE_CHECKING:
    from sc2_lsp.engine.remote.remote import RemoteEngine


class TeamEngine:
    """Implements the `ManagedEngine` port with one of two engines. Belongs to one event loop."""

    def __init__(self, local: EngineClient, spec: EngineSpec, clock: Clock) -> None:
        self._local = local
        self._clock = clock
        self._endpoint = ""
        self._n_ctx = 0
        self._remote: RemoteEngine | None = None
        self._refusal = ""
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
        return "ready" if self._remote is not None and self._remote.is_ready else self._local.state

    @property
    def load_share(self) -> float:
        """How much of this machine's weights the last load has brought, from 0 to 1."""
        return self._local.load_share

    @property
    def answering(self) -> str | None:
        """The name of the model that answers in place of this machine's; None while none does."""
        return None if self._remote is None else self._remote.model_name

    def configure(self, spec: EngineSpec) -> None:
        self._local.configure(replace(spec, endpoint=""))
        if (spec.endpoint, spec.n_ctx) == (self._endpoint, self._n_ctx):
            return
        self._endpoint, self._n_ctx, self._refusal = spec.endpoint, spec.n_ctx, ""
        self._let_go()
        if spec.endpoint:
            try:
                self._remote = _connect(address_of(spec.endpoint), spec.n_ctx, self._clock)
            except ModelError as error:
                self._refusal = f"{error} Until then the model of this machine answers."

    def warm_up(self) -> None:
        if self._remote is None:
            self._local.warm_up()
        else:
            self._remote.try_again()

    async def for_request(self) -> Engine:
        remote = self._remote
        if remote is not None and await remote.ready():
            return remote
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

    def _notice(self, remote: RemoteEngine | None) -> str:
        if remote is None:
            return self._refusal
        return (
            f"The server {self._endpoint} {remote.problem}; the model of this machine answers "
            "until it does."
        )

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

    async def for_request(self) -> Engine:
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


def _connect(address: Address, n_ctx: int, clock: Clock) -> RemoteEngine:
    # Whoever has no server does not wait for the library that speaks HTTP.
    from sc2_lsp.engine.remote.finding import AnyServer
    from sc2_lsp.engine.remote.remote import RemoteEngine

    return RemoteEngine(AnyServer(address, "", n_ctx), n_ctx, clock)
