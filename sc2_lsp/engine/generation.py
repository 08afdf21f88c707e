"""One generation: bring the KV cache to a prompt, then write what the model thinks likeliest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sc2_lsp.domain import Generation, GenerationRequest, StopReason
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.cache import Batches
from sc2_lsp.engine.drafting import Drafter
from sc2_lsp.engine.kv import Plan
from sc2_lsp.engine.llama import EvaluationAborted, LlamaModel
from sc2_lsp.engine.speed import choose
from sc2_lsp.engine.walk import BranchWalk, CacheWalk
from sc2_lsp.engine.writing import Answer, Start, write, write_beside
from sc2_lsp.ports import Clock
from sc2_lsp.stopping import whole_lines

_TRIES_PER_ALTERNATIVE = 3


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
    run = _Run(Answer(request.required), started_s, queue_s=started_s - job.received_s)
    if remaining_s <= 0:
        run.n_prompt = len(request.tokens)
        return run.finish(StopReason.DEADLINE, clock)
    timer = threading.Timer(remaining_s, abort.stop, (job,))
    timer.daemon = True
    timer.start()

    def check() -> None:
        # GPU back ends do not ask the abort callback, so it is asked between batches as well.
        if job.cancelled or job.preempted or abort.is_set():
            raise EvaluationAborted

    try:
        reason = _answer(model, job, run, check, clock)
    except EvaluationAborted:
        if job.cancelled:
            raise Cancelled from None
        reason = StopReason.PREEMPTED if job.preempted else StopReason.DEADLINE
    finally:
        timer.cancel()
    return run.finish(reason, clock)


def _answer(
    model: LlamaModel, job: Job, run: _Run, check: Callable[[], None], clock: Clock
) -> StopReason:
    request = job.request
    run.walk = walk = _evaluate_prompt(model, request, run, check, clock)
    if not request.max_tokens:
        return StopReason.MAX_TOKENS
    reason, start = write(walk, run.answer, model.pieces, request.stop, request.max_tokens)
    if start is not None and request.n_alternatives > 1:
        try:
            _write_alternatives(model, request, run, walk.sequence, start, check)
        except EvaluationAborted:
            # What is written is complete all the same, and has ended for its own reason.
            if job.cancelled:
                raise
    return reason


def _evaluate_prompt(
    model: LlamaModel,
    request: GenerationRequest,
    run: _Run,
    check: Callable[[], None],
    clock: Clock,
) -> CacheWalk:
    """Bring the cache to the first of the prompts that is cheap enough."""
    n_ctx, cache = model.info.n_ctx, model.cache
    n_room = request.max_tokens + len(request.required) if request.max_tokens else 0
    prompts = [
        (choice, tokens)
        for choice, tokens in enumerate((request.tokens, *request.cheaper))
        if 0 < len(tokens) < n_ctx
    ]

    def plan_all() -> list[Plan]:
        return [cache.plan(tokens, min(n_room, n_ctx - len(tokens))) for _, tokens in prompts]

    plans = plan_all()
    if model.warm is not None and model.warm.recall(
        prompts[0][1], plans[0].n_keep + plans[0].n_copied, model.speed.tokens_per_s
    ):
        plans = plan_all()
    chosen = choose(
        [plan.n_evaluate for plan in plans], model.speed.tokens_per_s, request.prompt_budget_s
    )
    plan, (run.choice, tokens) = plans[chosen], prompts[chosen]
    run.n_prompt, run.n_shifted = len(tokens), plan.n_copied
    batch_s = 0.0

    def before() -> None:
        nonlocal batch_s
        check()
        batch_s = clock()

    def after(n_tokens: int) -> None:
        run.n_evaluated += n_tokens
        model.speed.learn(n_tokens, clock() - batch_s)

    cache.execute(plan, tokens, Batches(before, after))
    run.prompt_end_s = clock()
    n_most = len(tokens) + plan.n_room
    drafter = None if model.payoff is None else Drafter(model.payoff)
    return CacheWalk(cache, plan.sequence, len(tokens), n_most, check, clock, drafter)


def _write_alternatives(
    model: LlamaModel,
    request: GenerationRequest,
    run: _Run,
    sequence: int,
    start: Start,
    check: Callable[[], None],
) -> None:
    """Answers that begin with other tokens than the first one did, as far as time allows.

    They are written beside the first answer, which stays in the cache. One that is cut short is
    left out.
    """
    pieces, room = model.pieces, model.info.n_ctx - start.n_tokens
    ranked: Sequence[int] = start.ranking.tokens
    if start.rest:
        # Few of the likeliest tokens continue a given word.
        check()
        logits = model.cache.logits(sequence, start.n_tokens)
        ranked = sorted(pieces.fitting(start.rest), key=lambda token: -logits[token])
    firsts = [t for t in ranked if t != start.token and len(pieces[t]) > len(start.rest)]
    seen = {run.answer.text.strip(), ""}
    for first in firsts[: _TRIES_PER_ALTERNATIVE * (request.n_alternatives - 1)]:
        if len(run.alternatives) + 1 >= request.n_alternatives:
            return
        answer = Answer(start.rest)
        with model.cache.branch(sequence, start.n_tokens) as append:
            walk = BranchWalk(append, room, check)
            reason = write_beside(walk, first, answer, pieces, request.stop, request.max_tokens)
        if reason is not StopReason.CONTEXT_FULL and answer.text.strip() not in seen:
            seen.add(answer.text.strip())
            run.alternatives.append(answer.text)


@dataclass(slots=True)
class _Run:
    """What a generation has done so far."""

    answer: Answer
    started_s: float
    queue_s: float
    n_prompt: int = 0
    n_evaluated: int = 0
    n_shifted: int = 0
    choice: int = 0
    prompt_end_s: float | None = None
    walk: CacheWalk | None = None
    alternatives: list[str] = field(default_factory=list)

    def finish(self, reason: StopReason, clock: Clock) -> Generation:
        now = clock()
        prompt_end_s = now if self.prompt_end_s is None else self.prompt_end_s
        text = self.answer.text
        return Generation(
            text=whole_lines(text) if reason is StopReason.DEADLINE else text,
            stop_reason=reason,
            n_prompt=self.n_prompt,
            n_evaluated=self.n_evaluated,
            n_generated=self.answer.n_generated,
            queue_s=self.queue_s,
            prompt_s=prompt_end_s - self.started_s,
            generate_s=now - prompt_end_s,
            prompt_done=self.prompt_end_s is not None,
            choice=self.choice,
            n_shifted=self.n_shifted,
            n_steps=self.walk.n_steps if self.walk else 0,
            alternatives=tuple(self.alternatives),
        )
