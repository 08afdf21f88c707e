"""The `Engine` port on a server: one server, watched, and asked only while it answers.

Deadlines are kept here; what is asked and when is decided by the `lane`, and where a text ends by
`reading`. There are no alternatives.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import aclosing

from sc2_lsp.domain import Generation, GenerationRequest, ModelInfo, Priority, StopReason, Tokens
from sc2_lsp.engine.remote.lane import Asked, Lane, Preempted, Spread
from sc2_lsp.engine.remote.protocol import Served, Server, ServerError
from sc2_lsp.engine.remote.pulse import Heard, Pulse
from sc2_lsp.engine.remote.reading import Reading
from sc2_lsp.engine.remote.standing import Standing
from sc2_lsp.ports import Clock, Engine, EngineUnavailable, RequestLost
from sc2_lsp.vocabulary import ENDOFTEXT

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 3.0
_PROBE_S = 2.5
# For how long it is taken for granted who the server is.
_SURE_S = 5.0
# How long the first request waits to see whether there is a server.
_FIRST_WAIT_S = 0.7
# After so many requests in a row that brought nothing, it has to write something to be asked again.
_MOST_SILENT = 2
# Fewer than there are connections: a prompt and a probe do not wait for the texts of a new file.
_MOST_TEXTS_AT_ONCE = 2
_KNOWN_TEXTS = 1024
_LONGEST_KNOWN_TEXT = 64 * 1024


class RemoteEngine:
    """Owns what is known of one server. Belongs to one event loop.

    `problem` says why it is not asked now, empty while it is. It is tried again after pauses that
    grow, in the background, and at most one attempt is under way. `doubt` is called when somebody
    else may soon have to answer in its place.
    """

    def __init__(
        self,
        server: Server,
        n_ctx: int,
        clock: Clock,
        spread: Spread = random.random,
        doubt: Callable[[], None] = lambda: None,
    ) -> None:
        self._pulse = Pulse(server.ask, doubt, clock)
        self._server = Heard(server, self._pulse)
        self._n_ctx = n_ctx
        self._clock = clock
        self._spread = spread
        self._served: Served | None = None
        self._probing: asyncio.Task[None] | None = None
        self._retry_at_s = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._texts: OrderedDict[str, Tokens] = OrderedDict()
        self._answering: set[asyncio.Task[None]] = set()
        self.standing = Standing(clock)
        self._room = asyncio.Semaphore(_MOST_TEXTS_AT_ONCE)
        self._n_silent = 0
        self._is_new = True
        self.problem = ""
        self.lane = Lane(self._server, clock, spread)

    @property
    def is_ready(self) -> bool:
        return self._served is not None

    @property
    def model_name(self) -> str | None:
        """What the server has loaded; None while it is not asked."""
        return None if self._served is None else self._served.name

    async def ready(self) -> bool:
        """Whether it can be asked; waits for the first attempt alone, and starts others in time."""
        self.try_again()
        if self._is_new and self._probing is not None:
            await asyncio.wait({self._probing}, timeout=_FIRST_WAIT_S)
            self._is_new = False
        return self._served is not None

    def try_again(self) -> None:
        """Begin an attempt in the background, if it is time for one.

        One that answers is asked again who it is from time to time: it may have been restarted with
        another model, unnoticed between two requests.
        """
        if self._probing is not None or self._clock() < self._retry_at_s:
            return
        self._probing = asyncio.ensure_future(self._probe())

    async def for_request(self, lost: Sequence[Engine] = ()) -> RemoteEngine:
        return self

    async def describe(self) -> ModelInfo:
        if self._served is None:
            raise EngineUnavailable(f"The server {self.problem or 'is not known yet'}.")
        served = self._served
        return ModelInfo(
            path=served.name,
            name=served.name,
            description=f"in {served.program}",
            n_params=served.n_params,
            n_ctx=min(self._n_ctx, served.n_ctx or self._n_ctx),
            n_ctx_train=served.n_ctx_train,
        )

    async def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        # A lone surrogate, which JSON can carry, has no UTF-8 form: it becomes a question mark.
        plain = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        known = self._texts
        missing = [text for text in dict.fromkeys(plain) if text not in known]
        try:
            found = await self._pulse.watch(lambda: self._tokenize_all(missing))
        except ServerError as error:
            raise self._failed(error) from None
        if known is not self._texts:
            raise RequestLost(f"the server {self.problem or 'has another model now'}", self)
        fresh = dict(zip(missing, found, strict=True))
        result = [fresh[text] if text in fresh else known[text] for text in plain]
        for text, tokens in zip(plain, result, strict=True):
            self._remember(text, tokens)
        return result

    async def detokenize(self, tokens: Sequence[int]) -> str:
        try:
            return await self._server.detokenize(tokens)
        except ServerError as error:
            raise self._failed(error) from None

    async def generate(self, request: GenerationRequest) -> Generation:
        asked = Asked(request, Reading(request, self._clock()))
        answering = asyncio.ensure_future(self._pulse.watch(lambda: self.lane.answer(asked)))
        self._answering.add(answering)
        try:
            await asyncio.wait({answering}, timeout=request.deadline_s)
        finally:
            self._answering.discard(answering)
            answering.cancel()
            await asyncio.wait({answering})
        reading = asked.reading
        if request.priority is not Priority.BACKGROUND and not reading.n_known:
            elapsed_s = self._clock() - reading.started_s
            self.standing.add(reading.prompt_s if reading.has_begun else elapsed_s)
        if reading.has_begun:
            self._n_silent = 0
        if answering.cancelled():
            if not reading.has_begun and request.priority is not Priority.BACKGROUND:
                self._suspect()
            return reading.finish(StopReason.DEADLINE, self._clock())
        error = answering.exception()
        if isinstance(error, ServerError):
            raise self._failed(error) from None
        if isinstance(error, Preempted):
            return reading.finish(StopReason.PREEMPTED, self._clock())
        if error is not None:
            raise error
        return reading.finish(reading.reason, self._clock())

    async def close(self) -> None:
        if self._probing is not None:
            self._probing.cancel()
        self._pulse.close()
        for answering in self._answering:
            answering.cancel()
        await self.lane.close()
        await self._server.close()

    async def _tokenize_all(self, texts: Sequence[str]) -> list[Tokens]:
        return await asyncio.gather(*map(self._tokenize, texts))

    async def _tokenize(self, text: str) -> Tokens:
        async with self._room:
            return await self._server.tokenize(text)

    def _suspect(self) -> None:
        """Nothing was written until a deadline, though the server is there."""
        self._n_silent += 1
        if self._n_silent >= _MOST_SILENT:
            self._lose("writes nothing until the deadline", self._clock())
        elif self._probing is None:
            self._probing = asyncio.ensure_future(self._probe())

    async def _probe(self) -> None:
        started_s = self._clock()
        try:
            served = await asyncio.wait_for(self._asked(), _PROBE_S)
        except ServerError as error:
            # One that is known and has too much to do is still there.
            if error.is_away or self._served is None:
                self._lose(str(error), started_s)
        except asyncio.TimeoutError:
            self._lose("does not answer in time", started_s)
        else:
            if served != self._served:
                # Another model may have other tokens.
                self._texts = OrderedDict()
            self._served = served
            self.problem = ""
            self._pause_s = _FIRST_PAUSE_S
            self.standing.first_s = self._clock() - started_s
            self._retry_at_s = self._clock() + _SURE_S
        finally:
            self._probing = None

    async def _asked(self) -> Served:
        """What the server has loaded, once it has shown that it can be asked."""
        started_s = self._clock()
        served = await self._server.probe()
        self._pulse.took(self._clock() - started_s)
        if self._n_silent >= _MOST_SILENT:
            async with aclosing(self._server.write((ENDOFTEXT,), 1, "")) as pieces:
                async for _ in pieces:
                    break
            self._n_silent = 0
        return served

    def _failed(self, error: ServerError) -> RequestLost:
        """What the pipeline is told: another engine may answer, and no message to anybody."""
        if error.is_away:
            self._lose(str(error), self._clock())
        return RequestLost(f"the server {error}", self)

    def _lose(self, problem: str, since_s: float) -> None:
        """Leave the server, which was asked at `since_s` the last time."""
        if self._served is None and self._clock() < self._retry_at_s:
            # Another request that was under way fails for the same reason.
            return
        self._served = None
        # Another server may be behind the address when it is back.
        self._texts = OrderedDict()
        self.lane.forget()
        self.standing.forget()
        self.problem = problem
        self._retry_at_s = since_s + self._pause_s * (0.5 + 0.5 * self._spread())
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _remember(self, text: str, tokens: Tokens) -> None:
        if len(text) > _LONGEST_KNOWN_TEXT:
            return
        self._texts[text] = tokens
        self._texts.move_to_end(text)
        while len(self._texts) > _KNOWN_TEXTS:
            self._texts.popitem(last=False)
