"""What one client has under way at one server: one request at a time.

A server does not notice at once that nobody reads any more, and meanwhile the place where it holds
the prompt is not free: whoever hangs up at each key and asks anew has every prompt read several
times. So what was asked goes on until its prompt is read, for by then the next key may want what is
written; and what is asked next is asked a little later than the hanging up.

Of the wanted prompt and the cheaper ones that a request brings, the first is asked that the server
can read in time, by what it probably holds and how fast it was. A server that sets out to read much
that it was thought to hold is stopped: it is still at that prompt where we have just hung up, and
asked again once it is free; else it holds it no more, and the choice is made anew.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from sc2_lsp.domain import GenerationRequest, Priority, Tokens
from sc2_lsp.engine.kv import common_prefix
from sc2_lsp.engine.remote.held import FORGOTTEN, Held
from sc2_lsp.engine.remote.pace import Pace
from sc2_lsp.engine.remote.protocol import Server, ServerError
from sc2_lsp.engine.remote.reading import Reading
from sc2_lsp.engine.remote.stream import Stream
from sc2_lsp.ports import Clock

# What our gateway lets a request ask for.
_MOST_TOKENS = 512
_KNOWN_STREAMS = 8
# How long a server that has written a line may take to say that this was all.
_LAST_S = 0.05
# How long a request without a reader goes on.
_LINGER_S = 0.4
# How long somebody who waits lets the background finish a batch of its prompt.
_BATCH_S = 0.5
# How long, at least, somebody who waits lets a prompt be read to its end that was overtaken.
_LONGEST_DRAIN_S = 1.0
# How long nobody may have asked before a long prompt is read in the background.
_REST_S = 1.0
_AT_ONCE_TOKENS = 64
# For how long after hanging up a server may be at a prompt still, and read it anew elsewhere.
_AT_WORK_S = 3.0
# After hanging up: until the server has noticed, which takes it two steps with all that it is at,
# be they a token of each or a batch of somebody's prompt.
_STEPS_TO_RELEASE = 2
_LEAST_RELEASE_S, _LONGEST_RELEASE_S = 0.02, 1.0


class Preempted(Exception):
    """It was of the background, and somebody came to wait or the server has too much to do."""


@dataclass(slots=True)
class Asked:
    """A request, since when, and what it has got until now.

    `has_waited` says that it was asked again since the server was at its prompt still.
    """

    request: GenerationRequest
    reading: Reading
    has_waited: bool = False

    @property
    def is_background(self) -> bool:
        return self.request.priority is Priority.BACKGROUND


class Lane:
    """Owns the streams of one client to one server. Belongs to one event loop.

    `observe` is called with each stream that is over, `begun` with each when its first has come.
    """

    def __init__(self, server: Server, clock: Clock) -> None:
        self.observe: Callable[[Stream], None] = _nobody
        self.begun: Callable[[Stream], None] = _nobody
        self._server = server
        self._clock = clock
        self._held = Held()
        self._pace = Pace(clock)
        self._current: Stream | None = None
        self._known: deque[Stream] = deque(maxlen=_KNOWN_STREAMS)
        self._n_waiting = 0
        self._asked_at_s = clock() - _REST_S
        self._free_at_s = 0.0
        self._left: Tokens = ()
        self._left_at_s = clock() - _AT_WORK_S

    @property
    def expected_s(self) -> float:
        """How long the server should take to read what it is reading for us now."""
        current = self._current
        if current is None or current.is_over:
            return 0.0
        return self._pace.expected_s(current.n_expected + current.n_unexpected)

    @property
    def is_shared(self) -> bool:
        """Whether others have made us wait of late."""
        return self._pace.has_let_wait

    async def answer(self, asked: Asked) -> None:
        """Let `asked.reading` have all that it needs; raises ServerError and Preempted."""
        if asked.is_background:
            await self._answer(asked)
            return
        self._asked_at_s = self._clock()
        self._n_waiting += 1
        try:
            await self._answer(asked)
        finally:
            self._n_waiting -= 1
            self._asked_at_s = self._clock()

    def forget(self) -> None:
        """Another server may be behind the address from now on; what is under way is lost."""
        self._held.clear()
        self._known.clear()
        self._left = ()
        if self._current is not None:
            self._current.close(ServerError("is not there any more", is_away=True))

    async def close(self) -> None:
        if self._current is not None:
            self._current.close()
            await self._current.ended()

    async def _answer(self, asked: Asked) -> None:
        while True:
            if asked.is_background:
                self._may_prepare(asked.request)
            n_missing = self._n_missing(asked.request)
            choice = self._pace.choose(n_missing, asked.request.prompt_budget_s)
            n_most = max(n_missing[choice], _AT_ONCE_TOKENS)
            stream, asked.reading = self._find(asked, choice, n_most)
            if asked.reading.is_over:
                return
            if stream is not None and not stream.is_over:
                if await self._feed(stream, asked, len(stream.pieces)):
                    return
            elif await self._make_way(asked):
                begun = self._begin(asked, stream, choice)
                if await self._feed(begun, asked, 0) or not begun.is_in_question:
                    return

    def _may_prepare(self, request: GenerationRequest) -> None:
        """Raise Preempted unless the server has time.

        A prompt of which much is to be read waits until the hands rest, and nothing is written
        ahead behind it before it is read: what is on the screen was written behind a cheaper one.
        """
        is_resting = self._clock() - self._asked_at_s >= _REST_S
        is_long = self._n_missing(request)[0] > _AT_ONCE_TOKENS
        may_read = is_resting and not request.max_tokens and not self._pace.is_shared
        if self._n_waiting or self._pace.is_busy or (is_long and not may_read):
            raise Preempted

    def _n_missing(self, request: GenerationRequest) -> list[int]:
        return [self._held.n_missing(tokens) for tokens in (request.tokens, *request.cheaper)]

    def _find(self, asked: Asked, choice: int, n_most: int) -> tuple[Stream | None, Reading]:
        """The stream that has most of what is wanted, of a prompt as good as that of `choice`.

        To go on where it ended, the server has to read no more than `n_most` tokens.
        """
        best: Stream | None = None
        best_reading = self._fresh(asked)
        for stream in self._known if asked.request.max_tokens else ():
            reading = self._replay(asked, stream, choice)
            if reading is None or (len(reading.written), reading.is_over) < (
                len(best_reading.written),
                best_reading.is_over,
            ):
                continue
            if reading.is_over or not stream.is_over or self._goes_on(stream, reading, n_most):
                best, best_reading = stream, reading
        return best, best_reading

    def _goes_on(self, stream: Stream, reading: Reading, n_most: int) -> bool:
        """Whether what it has written can be the end of a prompt: all of its tokens are known."""
        if not stream.written or reading.typed:
            return False
        return self._held.n_missing(stream.tokens + stream.written) <= n_most

    def _replay(self, asked: Asked, stream: Stream, choice: int) -> Reading | None:
        """What `asked` gets of what is written there; None if that was for something else."""
        prompts = (asked.request.tokens, *asked.request.cheaper)[: choice + 1]
        n_begun = len(stream.tokens)
        number = next((i for i, p in enumerate(prompts) if p[:n_begun] == stream.tokens), None)
        is_lost = stream.error is not None or (stream.is_over and not stream.has_begun)
        if number is None or is_lost:
            return None
        reading = self._fresh(asked)
        reading.choice, reading.typed = number, prompts[number][n_begun:]
        # What had to begin with a longer word was not free to be what is likeliest.
        if not reading.typed and not reading.required.startswith(stream.required):
            return None
        for piece in stream.pieces:
            reading.take(piece, self._clock())
        reading.n_known = reading.n_generated
        return None if reading.departed else reading

    def _fresh(self, asked: Asked) -> Reading:
        return Reading(asked.request, asked.reading.started_s)

    async def _make_way(self, asked: Asked) -> bool:
        """Whether nothing is under way; false if that has only just become so, after a wait."""
        current = self._current
        if current is None or current.is_over:
            remaining_s = self._free_at_s - self._clock()
            if remaining_s <= 0:
                return True
            await asyncio.sleep(remaining_s)
            self._free_at_s = 0.0
            return False
        is_wanted = current.n_readers > 0 and not current.is_background
        if asked.is_background or is_wanted:
            await current.change()
            return False
        if current.is_ending and await _within(current.change(), _LAST_S):
            return False
        if not current.has_begun and not current.is_in_question:
            is_moving = await _within(current.change(), self._patience_s(current))
            if is_moving and not current.is_background:
                return False
        self._close(current)
        return False

    def _patience_s(self, current: Stream) -> float:
        """How long to wait for a prompt that is being read for nobody any more."""
        if current.is_background:
            longest_s = _BATCH_S
        else:
            longest_s = max(
                _LONGEST_DRAIN_S,
                4 * self._pace.expected_s(current.n_expected + current.n_unexpected),
            )
        return current.started_s + longest_s - self._clock()

    def _begin(self, asked: Asked, earlier: Stream | None, choice: int) -> Stream:
        """Ask the server, for what follows all that `earlier` has written where there is one."""
        if self._pace.is_refusing:
            raise ServerError("has too much to do", is_away=False, status=429)
        request, reading = asked.request, asked.reading
        if earlier is not None:
            tokens = earlier.tokens + (earlier.written or ())
        else:
            reading.choice = choice
            tokens = (request.tokens, *request.cheaper)[choice]
        required = reading.required if request.max_tokens else ""
        n_left = request.max_tokens - reading.n_counted
        self._current = Stream(
            self._server,
            tokens,
            min(n_left + len(required), _MOST_TOKENS) if request.max_tokens else 0,
            required,
            self._clock,
            n_expected=self._held.n_missing(tokens),
            is_background=asked.is_background,
            is_line=bool(request.max_tokens) and request.stop.max_lines == 1,
            begun=lambda stream: self.begun(stream),
            over=lambda stream: self.observe(stream),
        )
        self._known.append(self._current)
        return self._current

    async def _feed(self, stream: Stream, asked: Asked, index: int) -> bool:
        """Let the request have what is written in `stream`; whether that was all it needs."""
        is_own = not index and not stream.pieces
        try:
            await stream.feed(asked.reading, index)
            if stream.is_in_question and not asked.reading.is_over:
                if self._is_worth_it(stream, asked):
                    stream.is_accepted = True
                    await stream.feed(asked.reading, index)
                else:
                    self._close(stream)
        except ServerError as error:
            if error.is_busy:
                self._pace.refused(error.pause_s)
            raise
        finally:
            self._learn(stream)
            if is_own and stream.pieces:
                asked.reading.n_evaluated += stream.n_evaluated
            if not stream.n_readers and not stream.is_over:
                if stream.is_ending:
                    asyncio.get_running_loop().call_later(_LAST_S, self._close_alone, stream)
                elif asked.reading.is_over and not asked.reading.departed:
                    self._close(stream)
                else:
                    asyncio.get_running_loop().call_later(_LINGER_S, self._close_alone, stream)
        if stream.is_closed and asked.is_background and not asked.reading.is_over:
            raise Preempted
        return asked.reading.is_over and not asked.reading.departed

    def _is_worth_it(self, stream: Stream, asked: Asked) -> bool:
        """Whether to let the server read so much more than was expected."""
        n_held = len(stream.tokens) - stream.n_expected - stream.n_unexpected
        may_wait = not asked.has_waited and self._clock() - self._left_at_s < _AT_WORK_S
        if may_wait and common_prefix(self._left, stream.tokens) > n_held + FORGOTTEN:
            asked.has_waited = True
            return False
        self._held.clear()
        self._held.add(stream.tokens[:n_held])
        request = asked.request
        if asked.is_background:
            return not request.max_tokens
        choice = self._pace.choose(self._n_missing(request), request.prompt_budget_s)
        if choice != asked.reading.choice:
            self._known.clear()
        return choice == asked.reading.choice

    def _learn(self, stream: Stream) -> None:
        """Take in what the stream has shown of the server; later calls add to it."""
        if stream.begun_s is None:
            self._held.add_part(stream.tokens[: stream.n_read])
        elif stream.is_known:
            self._held.add(stream.tokens + (stream.written or ()))
        else:
            stream.is_known = True
            first = stream.pieces[0]
            answered_s = stream.begun_s - stream.started_s
            self._pace.learn(first.n_evaluated, first.prompt_s, answered_s)
            self._held.learn(stream.n_expected, first.n_evaluated)
            self._held.add(stream.tokens)

    def _close(self, stream: Stream) -> None:
        """Hang up, and leave the server the time to notice."""
        if stream.is_over:
            return
        stream.close()
        self._learn(stream)
        if not stream.is_in_question:
            self._left = stream.tokens if stream.has_begun else stream.tokens[: stream.n_read]
            self._left_at_s = self._clock()
        # Who comes at any time waits half of what the server is at.
        step_s = max(stream.step_s, 2 * self._pace.wait_s)
        release_s = max(_LEAST_RELEASE_S, _STEPS_TO_RELEASE * step_s)
        self._free_at_s = self._clock() + min(release_s, _LONGEST_RELEASE_S)

    def _close_alone(self, stream: Stream) -> None:
        """Hang up if nobody has come back, and nobody waits for its prompt to be read."""
        if not stream.n_readers and not self._n_waiting:
            self._close(stream)


def _nobody(stream: Stream) -> None:
    """Do nothing."""


async def _within(change: Coroutine[Any, Any, None], seconds: float) -> bool:
    """Whether that happened in time."""
    try:
        await asyncio.wait_for(change, seconds)
    except asyncio.TimeoutError:
        return False
    return True
