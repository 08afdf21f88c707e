"""The `Engine` port on a server: one server, watched, and asked only while it answers.

Deadlines are kept here; what is asked and when is decided by the `lane`, and where a text ends by
`reading`. There are no alternatives.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial

from sc2_lsp.domain import Generation, GenerationRequest, ModelInfo, Priority, StopReason, Tokens
from sc2_lsp.engine.remote.lane import Asked, Lane, Preempted
from sc2_lsp.engine.remote.pausing import Spread
from sc2_lsp.engine.remote.protocol import Served, Server, ServerError
from sc2_lsp.engine.remote.pulse import Heard, Pulse
from sc2_lsp.engine.remote.reading import Reading
from sc2_lsp.engine.remote.silence import Silence
from sc2_lsp.engine.remote.standing import Standing
from sc2_lsp.engine.remote.stream import Stream
from sc2_lsp.ports import Clock, Engine, EngineUnavailable, RequestLost
from sc2_lsp.vocabulary import ENDOFTEXT

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 3.0
_PROBE_S = 2.5
# For how long it is taken for granted who the server is.
_SURE_S = 5.0
# How long the first request waits to see whether there is a server.
_FIRST_WAIT_S = 0.6
# After so many requests in a row that brought nothing, it has to write something to be asked again.
_MOST_SILENT = 2
# One that reads so many tokens more than it should have to is asked who it is.
_SURPRISING = 16
# Unless it has just been asked: nobody restarts a server in so little time.
_RECENT_S = 0.4
# How long one that owes an answer may keep still, at least, before that counts.
_LEAST_DEBT_S = 2.0
# Fewer than there are connections: a prompt and a probe do not wait for the texts of a new file.
_MOST_TEXTS_AT_ONCE = 2
_KNOWN_TEXTS = 1024
_LONGEST_KNOWN_TEXT = 64 * 1024


StandIn = Callable[["RemoteEngine"], Awaitable[object]]
"""Waits until somebody else can answer what this one is asked; raises EngineError."""


async def _nobody(silent: RemoteEngine) -> None:
    raise EngineUnavailable("There is nobody else.")


class RemoteEngine:
    """Owns what is known of one server. Belongs to one event loop.

    `problem` says why it is not asked now, empty while it is. It is tried again after pauses that
    grow, in the background, and at most one attempt is under way. `doubt` is called when somebody
    else may soon have to answer in its place, and `stand_in` when that is so; it returns once one
    can, and raises EngineError where nobody can.

    A server that keeps still for much longer than usual owes an answer: what it was asked goes on,
    others are not asked of it until it writes.
    """

    def __init__(
        self,
        server: Server,
        n_ctx: int,
        clock: Clock,
        spread: Spread = random.random,
        doubt: Callable[[], None] = lambda: None,
        stand_in: StandIn | None = None,
    ) -> None:
        self._pulse = Pulse(server.ask, doubt, clock)
        self._silence = Silence(self._usual_s, partial(stand_in or _nobody, self))
        self._server = Heard(server, self._pulse, self._silence)
        self._n_ctx = n_ctx
        self._clock = clock
        self._spread = spread
        self._served: Served | None = None
        self._probing: asyncio.Task[None] | None = None
        self._retry_at_s = 0.0
        self._seen_at_s = clock() - _RECENT_S
        self._pause_s = _FIRST_PAUSE_S
        self._texts: OrderedDict[str, Tokens] = OrderedDict()
        self._answering: set[asyncio.Task[None]] = set()
        self._owing: asyncio.Task[None] | None = None
        self._recognising: asyncio.Task[None] | None = None
        self.standing = Standing(clock)
        self._room = asyncio.Semaphore(_MOST_TEXTS_AT_ONCE)
        self._n_silent = 0
        self._n_losses = 0
        self._is_new = True
        self.problem = ""
        self.lane = Lane(self._server, clock)
        self.lane.begun = self._recognise

    @property
    def is_ready(self) -> bool:
        return self._served is not None

    @property
    def model_name(self) -> str | None:
        """What the server has loaded; None while it is not asked."""
        return self._served.name if self._served is not None and self._owing is None else None

    async def ready(self) -> bool:
        """Whether it can be asked; waits for the first attempt alone, and starts others in time."""
        self.try_again()
        if self._is_new and self._probing is not None:
            await asyncio.wait({self._probing}, timeout=_FIRST_WAIT_S)
            self._is_new = False
        return self._served is not None and self._owing is None

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
            is_shared=self.lane.is_shared,
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
        answering.add_done_callback(self._answering.discard)
        n_losses = self._n_losses
        is_silent = False
        try:
            is_silent = await self._is_silent(answering, request)
        finally:
            if not is_silent:
                await self._stop(answering)
        self._take_in(asked)
        if is_silent:
            self._owe(asked, answering)
            raise RequestLost("the server writes nothing", self)
        reading = asked.reading
        await self._recognised(reading.started_s + request.deadline_s - self._clock())
        if self._n_losses != n_losses:
            raise RequestLost(f"the server {self.problem}", self)
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
        self._pulse.close()
        for task in filter(None, (self._probing, self._owing, *self._answering)):
            task.cancel()
        await self.lane.close()
        await self._server.close()

    async def _tokenize_all(self, texts: Sequence[str]) -> list[Tokens]:
        return await asyncio.gather(*map(self._tokenize, texts))

    async def _tokenize(self, text: str) -> Tokens:
        async with self._room:
            return await self._server.tokenize(text)

    async def _is_silent(self, answering: asyncio.Task[None], request: GenerationRequest) -> bool:
        """Wait until it is answered or too late; true where the server keeps still before that."""
        if request.priority is Priority.BACKGROUND:
            await asyncio.wait({answering}, timeout=request.deadline_s)
            return False
        silent = asyncio.ensure_future(self._silence.is_too_long())
        try:
            await asyncio.wait(
                {answering, silent},
                timeout=request.deadline_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            return not answering.done() and silent.done()
        finally:
            silent.cancel()

    async def _stop(self, answering: asyncio.Task[None]) -> None:
        answering.cancel()
        await asyncio.wait({answering})

    def _take_in(self, asked: Asked) -> None:
        """What a request shows of the server, answered or given up."""
        reading = asked.reading
        if reading.has_begun:
            self._n_silent = 0
        if asked.is_background or reading.n_known:
            return
        if reading.has_begun:
            self.standing.add(reading.prompt_s)
        else:
            self.standing.add_silence(self._clock() - reading.started_s)

    def _usual_s(self) -> float:
        return max(self.lane.expected_s, self.standing.usual_s)

    def _owe(self, asked: Asked, answering: asyncio.Task[None]) -> None:
        """Somebody else answers; what the server has begun it may bring to its end."""
        if self._owing is None:
            self._owing = asyncio.ensure_future(self._collect(asked, answering))
        else:
            answering.cancel()

    async def _collect(self, asked: Asked, answering: asyncio.Task[None]) -> None:
        """Wait until the server writes, which shows how long that takes, or was asked in vain."""
        since_s = asked.reading.started_s
        left_s = max(since_s + asked.request.deadline_s - self._clock(), _LEAST_DEBT_S)
        writing = asyncio.ensure_future(self._silence.ends_within(left_s))
        try:
            await asyncio.wait({answering, writing}, return_when=asyncio.FIRST_COMPLETED)
            is_over = answering.done() and not answering.cancelled()
            error = answering.exception() if is_over else None
            if isinstance(error, ServerError):
                self._failed(error)
            elif writing.done() and not writing.result():
                self._suspect()
            else:
                self.standing.add(self._clock() - since_s)
                self._n_silent = 0
        finally:
            self._owing = None
            writing.cancel()
            await self._stop(answering)

    def _recognise(self, stream: Stream) -> None:
        """Ask one that has forgotten what it held who it is, while it writes.

        That is what a server does that was restarted, with another model perhaps.
        """
        if stream.n_forgotten <= _SURPRISING:
            return
        since_s = self._clock() - self._seen_at_s
        if self._probing is None and since_s < _RECENT_S:
            # Many make it forget; but then it is asked before long.
            self._retry_at_s = min(self._retry_at_s, self._seen_at_s + _RECENT_S)
            return
        if self._probing is None:
            self._probing = asyncio.ensure_future(self._probe())
        self._recognising = self._probing

    async def _recognised(self, seconds: float) -> None:
        """Wait until it is known who it is; one that does not say so in time is lost."""
        if self._recognising is None or self._recognising is not self._probing:
            return
        done, _ = await asyncio.wait({self._recognising}, timeout=max(seconds, 0.0))
        if not done:
            self._lose("does not say who it is", self._clock())

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
        except Exception as error:
            # Answers that nobody has thought of. An error's own words may repeat them.
            self._lose(f"does not answer as any would ({type(error).__name__})", started_s)
        else:
            if served != self._served:
                # Another model may have other tokens.
                self._texts = OrderedDict()
            self._served = served
            self.problem = ""
            self._pause_s = _FIRST_PAUSE_S
            self.standing.first_s = self._clock() - started_s
            self._seen_at_s = started_s
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
        self._n_losses += 1
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
