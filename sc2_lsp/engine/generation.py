"""One generation: bring the KV cache to the prompt, then take the likeliest token until an end."""

from __future__ import annotations

import codecs
import threading
from dataclasses import dataclass, field

from sc2_lsp.domain import Generation, GenerationRequest, StopReason, Tokens
from sc2_lsp.engine import kv
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.llama import EvaluationAborted, LlamaModel
from sc2_lsp.engine.repetition import end_before_loop
from sc2_lsp.ports import Clock
from sc2_lsp.stopping import end_of_suggestion

_REPLACEMENT = "\ufffd"


class Cancelled(Exception):
    """Whoever asked does not want the answer any more."""


@dataclass(slots=True, eq=False)
class Job:
    """A request on its way through the engine process.

    `cancelled` and `preempted` are set by the thread that reads requests. Compared by identity: a
    job owns the abort flag while it runs.
    """

    id: int
    request: GenerationRequest
    received_s: float
    cancelled: bool = False
    preempted: bool = False


def generate(model: LlamaModel, job: Job, abort: AbortFlag, clock: Clock) -> Generation:
    """Run `job` to its end; raises Cancelled.

    The deadline sets the abort flag, so it also ends a batch that is being evaluated. Whatever was
    evaluated stays in the cache and makes the next request cheaper.
    """
    request = job.request
    abort.begin(job)
    started_s = clock()
    remaining_s = job.received_s + request.deadline_s - started_s
    progress = _Progress(len(request.tokens), started_s - job.received_s, started_s)
    if remaining_s <= 0:
        return progress.finish(StopReason.DEADLINE, clock)
    timer = threading.Timer(remaining_s, abort.stop, (job,))
    timer.daemon = True
    timer.start()
    try:
        _evaluate_prompt(model, request.tokens, job, abort, progress)
        progress.prompt_end_s = clock()
        return progress.finish(_continue(model, job, abort, progress), clock)
    except EvaluationAborted:
        if job.cancelled:
            raise Cancelled from None
        reason = StopReason.PREEMPTED if job.preempted else StopReason.DEADLINE
        return progress.finish(reason, clock)
    finally:
        timer.cancel()


def _evaluate_prompt(
    model: LlamaModel, tokens: Tokens, job: Job, abort: AbortFlag, progress: _Progress
) -> None:
    todo = kv.plan(model.cached, tokens)
    model.keep(todo.n_keep)
    for start in range(0, len(todo.evaluate), model.n_ubatch):
        # GPU back ends do not ask the abort callback, so it is asked between batches as well.
        _check(job, abort)
        batch = todo.evaluate[start : start + model.n_ubatch]
        model.evaluate(batch)
        progress.n_evaluated += len(batch)


def _continue(model: LlamaModel, job: Job, abort: AbortFlag, progress: _Progress) -> StopReason:
    request = job.request
    while True:
        token = model.greedy_token()
        if token in model.special_tokens:
            return StopReason.SPECIAL_TOKEN
        progress.n_generated += 1
        progress.add(model.piece(token))
        if progress.is_broken:
            return StopReason.SPECIAL_TOKEN
        end = end_of_suggestion(progress.text, request.stop)
        if end is not None:
            progress.text = progress.text[:end]
            return StopReason.BLOCK_END
        end = end_before_loop(progress.text)
        if end is not None:
            progress.text = progress.text[:end]
            return StopReason.REPETITION
        if progress.n_generated >= request.max_tokens:
            return StopReason.MAX_TOKENS
        if len(model.cached) >= model.info.n_ctx:
            return StopReason.CONTEXT_FULL
        _check(job, abort)
        model.evaluate((token,))


def _check(job: Job, abort: AbortFlag) -> None:
    if job.cancelled or abort.is_set():
        raise EvaluationAborted


@dataclass(slots=True)
class _Progress:
    """What a generation has done so far. A character is added only once all its bytes are there."""

    n_prompt: int
    queue_s: float
    started_s: float
    n_evaluated: int = 0
    n_generated: int = 0
    text: str = ""
    is_broken: bool = False
    prompt_end_s: float | None = None
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def add(self, piece: bytes) -> None:
        """Append a token's bytes; bytes that form no character end the text."""
        text, bad, _ = self._decoder.decode(piece).partition(_REPLACEMENT)
        self.text += text
        self.is_broken = bool(bad)

    def finish(self, reason: StopReason, clock: Clock) -> Generation:
        now = clock()
        prompt_end_s = now if self.prompt_end_s is None else self.prompt_end_s
        return Generation(
            text=self.text,
            stop_reason=reason,
            n_prompt=self.n_prompt,
            n_evaluated=self.n_evaluated,
            n_generated=self.n_generated,
            queue_s=self.queue_s,
            prompt_s=prompt_end_s - self.started_s,
            generate_s=now - prompt_end_s,
            prompt_done=self.prompt_end_s is not None,
        )
