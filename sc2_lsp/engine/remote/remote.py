"""The `Engine` port on a server: one server, watched, and asked only while it answers.

What the engine of this machine does by itself is done here with what the server sends: where a text
ends, deadlines, the background giving way. The wanted prompt is asked alone, never a cheaper one,
since what the server has cached is not known; and there are no alternatives.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from sc2_lsp.domain import Generation, GenerationRequest, ModelInfo, Priority, StopReason, Tokens
from sc2_lsp.engine.remote.protocol import Piece, Served, Server, ServerError
from sc2_lsp.engine.repetition import end_before_loop
from sc2_lsp.ports import Clock, EngineError, EngineUnavailable
from sc2_lsp.stopping import end_of_suggestion, whole_lines
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS

# What our gateway lets a request ask for.
_MOST_TOKENS = 512
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 4.0
_PROBE_S = 2.5
# How long the first request waits to see whether there is a server.
_FIRST_WAIT_S = 0.9
_KNOWN_TEXTS = 1024
_LONGEST_KNOWN_TEXT = 64 * 1024

Spread = Callable[[], float]
"""A number between 0 and 1 that spreads the attempts of many clients."""


class RemoteEngine:
    """Owns what is known of one server. Belongs to one event loop.

    `problem` says why it is not asked now, empty while it is. It is tried again after pauses that
    grow, in the background, and at most one attempt is under way.
    """

    def __init__(
        self, server: Server, n_ctx: int, clock: Clock, spread: Spread = random.random
    ) -> None:
        self._server = server
        self._n_ctx = n_ctx
        self._clock = clock
        self._spread = spread
        self._served: Served | None = None
        self._probing: asyncio.Task[None] | None = None
        self._retry_at_s = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._texts: OrderedDict[str, Tokens] = OrderedDict()
        self._background: set[_Run] = set()
        self.problem = ""

    @property
    def is_ready(self) -> bool:
        return self._served is not None

    @property
    def model_name(self) -> str | None:
        """What the server has loaded; None while it is not asked."""
        return None if self._served is None else self._served.name

    async def ready(self) -> bool:
        """Whether it can be asked; waits for the first attempt alone, and starts others in time."""
        is_first = not self.is_ready and not self.problem
        self.try_again()
        if is_first and self._probing is not None:
            await asyncio.wait({self._probing}, timeout=_FIRST_WAIT_S)
            if self._served is None:
                self.problem = self.problem or "does not answer in time"
        return self._served is not None

    def try_again(self) -> None:
        """Begin an attempt in the background, if it is time for one."""
        if self._probing is not None or self.is_ready or self._clock() < self._retry_at_s:
            return
        self._probing = asyncio.ensure_future(self._probe())

    async def for_request(self) -> RemoteEngine:
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
        missing = [text for text in dict.fromkeys(plain) if text not in self._texts]
        try:
            found = await asyncio.gather(*map(self._server.tokenize, missing))
        except ServerError as error:
            raise self._failed(error) from None
        fresh = dict(zip(missing, found, strict=True))
        result = [fresh[text] if text in fresh else self._texts[text] for text in plain]
        for text, tokens in zip(plain, result, strict=True):
            self._remember(text, tokens)
        return result

    async def detokenize(self, tokens: Sequence[int]) -> str:
        try:
            return await self._server.detokenize(tokens)
        except ServerError as error:
            raise self._failed(error) from None

    async def generate(self, request: GenerationRequest) -> Generation:
        run = _Run(request, self._clock())
        writing = asyncio.ensure_future(self._write(run))
        run.writing = writing
        if request.priority is Priority.BACKGROUND:
            self._background.add(run)
        else:
            self._preempt()
        try:
            await asyncio.wait({writing}, timeout=request.deadline_s)
        finally:
            self._background.discard(run)
            # At this the connection is closed, and the server stops writing.
            writing.cancel()
            await asyncio.wait({writing})
        if not writing.cancelled() and (error := writing.exception()):
            if isinstance(error, ServerError):
                raise self._failed(error) from None
            raise error
        if writing.cancelled() and not run.is_preempted:
            run.reason = StopReason.DEADLINE
            if not run.has_begun:
                self._suspect()
        return run.finish(self._clock())

    async def close(self) -> None:
        if self._probing is not None:
            self._probing.cancel()
        for run in self._background:
            run.writing.cancel()
        await self._server.close()

    async def _write(self, run: _Run) -> None:
        request = run.request
        n_tokens = request.max_tokens + len(request.required) if request.max_tokens else 0
        n_tokens = min(n_tokens, _MOST_TOKENS)
        required = request.required.decode("utf-8", "replace")
        pieces = self._server.write(request.tokens, n_tokens, required)
        async with aclosing(pieces):
            async for piece in pieces:
                if run.take(piece, self._clock()):
                    return
        raise ServerError("broke off", is_away=True)

    def _preempt(self) -> None:
        for run in self._background:
            run.is_preempted = True
            run.writing.cancel()

    def _suspect(self) -> None:
        """Nothing came until a deadline: see whether anything comes at all."""
        if self._probing is None:
            self._probing = asyncio.ensure_future(self._probe())

    async def _probe(self) -> None:
        try:
            self._served = await asyncio.wait_for(self._server.probe(), _PROBE_S)
        except ServerError as error:
            # One that is known and has too much to do is still there.
            if error.is_away or self._served is None:
                self._lose(str(error))
        except asyncio.TimeoutError:
            self._lose("does not answer in time")
        else:
            self.problem = ""
            self._pause_s = _FIRST_PAUSE_S
        finally:
            self._probing = None

    def _failed(self, error: ServerError) -> EngineError:
        """What the pipeline is told: one request without an answer, and no message to anybody."""
        if error.is_away:
            self._lose(str(error))
        return EngineError(f"the server {error}")

    def _lose(self, problem: str) -> None:
        self._served = None
        # Another server may be behind the address when it is back.
        self._texts.clear()
        self.problem = problem
        self._retry_at_s = self._clock() + self._pause_s * (0.5 + 0.5 * self._spread())
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _remember(self, text: str, tokens: Tokens) -> None:
        if len(text) > _LONGEST_KNOWN_TEXT:
            return
        self._texts[text] = tokens
        self._texts.move_to_end(text)
        while len(self._texts) > _KNOWN_TEXTS:
            self._texts.popitem(last=False)


@dataclass(eq=False)
class _Run:
    """What one generation has brought so far."""

    request: GenerationRequest
    started_s: float
    written: str = ""
    text: str = ""
    reason: StopReason = StopReason.MAX_TOKENS
    has_begun: bool = False
    is_preempted: bool = False
    n_counted: int = 0
    n_generated: int = 0
    n_evaluated: int = 0
    prompt_s: float = 0.0
    writing: asyncio.Task[None] = None  # type: ignore[assignment]  # set by whoever starts it

    def take(self, piece: Piece, now_s: float) -> bool:
        """Add what came; whether that is the end."""
        request = self.request
        if not self.has_begun:
            self.has_begun = True
            self.prompt_s = now_s - self.started_s
        self.n_evaluated = piece.n_evaluated or self.n_evaluated
        if not request.max_tokens:
            return True
        if piece.end:
            is_limit = piece.end == "limit"
            self.reason = StopReason.MAX_TOKENS if is_limit else StopReason.SPECIAL_TOKEN
            return True
        if any(token < N_SPECIAL_TOKENS for token in piece.tokens):
            self.reason = StopReason.SPECIAL_TOKEN
            return True
        self.n_generated += 1
        self.written += piece.text
        required = request.required.decode("utf-8", "replace")
        if len(self.written) <= len(required):
            if required.startswith(self.written):
                return False
            self.reason = StopReason.SPECIAL_TOKEN
            return True
        self.text = self.written[len(required) :]
        self.n_counted += 1
        for end, reason in (
            (end_of_suggestion(self.text, request.stop), StopReason.BLOCK_END),
            (end_before_loop(self.text), StopReason.REPETITION),
        ):
            if end is not None:
                self.text, self.reason = self.text[:end], reason
                return True
        self.reason = StopReason.MAX_TOKENS
        return self.n_counted >= request.max_tokens

    def finish(self, now_s: float) -> Generation:
        reason = StopReason.PREEMPTED if self.is_preempted else self.reason
        return Generation(
            text=whole_lines(self.text) if reason is StopReason.DEADLINE else self.text,
            stop_reason=reason,
            n_prompt=len(self.request.tokens),
            n_evaluated=self.n_evaluated,
            n_generated=self.n_generated,
            queue_s=0.0,
            prompt_s=self.prompt_s,
            generate_s=max(0.0, now_s - self.started_s - self.prompt_s),
            prompt_done=self.has_begun,
            n_steps=self.n_generated,
        )
