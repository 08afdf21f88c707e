"""Owns the weights: loads them once, runs one generation after the other, answers all else at once.

Knows askers by their `send` alone; how they are reached and when the engine is to end is decided
by whoever feeds it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from sc2_lsp.domain import EngineSpec, GenerationRequest, Tokens
from sc2_lsp.engine import protocol
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.generation import Cancelled, Job, generate
from sc2_lsp.engine.jobs import Asker, JobQueue, Ticket
from sc2_lsp.engine.llama import EvaluationFailed, LlamaModel
from sc2_lsp.ports import Clock, ModelError

REST_AFTER_S = 3.0

_UNKNOWN = "The request holds an unknown token."


def no_rest(model: LlamaModel) -> None:
    """Do nothing at rest."""


class Evaluator:
    """One engine. `run` belongs to one thread; the other methods may be called from another.

    `rest` is called in the evaluating thread when nothing was to do for REST_AFTER_S after some
    work, and before the end: the moment to save what makes the next start fast. It has to return
    fast, for a request that comes meanwhile waits for it.
    """

    def __init__(self, clock: Clock, rest: Callable[[LlamaModel], None] = no_rest) -> None:
        self._clock = clock
        self._rest = rest
        self._abort = AbortFlag()
        self._jobs = JobQueue(self._abort)
        self._lock = threading.Lock()
        self._spec: EngineSpec | None = None
        self._spec_came: queue.SimpleQueue[EngineSpec | None] = queue.SimpleQueue()
        self._await_load: list[tuple[Asker, int]] = []
        self._model: LlamaModel | None = None
        self._failure: str | None = None
        self.may_end = threading.Event()
        """Set once nothing would be lost with the process, after `stop` or the end of `run`."""

    def run(self) -> None:
        """Load what the first request names and serve until `stop`; a failed load ends it too."""
        spec = self._spec_came.get()
        model = self._load(spec) if spec is not None else None
        if model is not None:
            self._serve(model)
        self.may_end.set()

    def stop(self) -> None:
        """Let `run` return soon; what is under way is cut short, if it is not the load."""
        self._spec_came.put(None)
        self._jobs.close()
        if self._model is None:
            self.may_end.set()

    def accept(self, asker: Asker, request: protocol.Request) -> None:
        """Take a request, which is answered exactly once, now or later."""
        if isinstance(request, protocol.Load):
            self._accept_load(asker, request)
        elif isinstance(request, protocol.Cancel):
            for ticket in self._jobs.cancel(asker, request.id):
                asker.send(_cancelled(ticket.job.id))
        elif isinstance(request, protocol.Linger):
            pass  # That is for whoever decides on the end.
        elif self._model is None:
            asker.send(protocol.Failed(request.id, "request", "No model is loaded."))
        elif isinstance(request, protocol.Tokenize):
            asker.send(_tokenize(self._model, request))
        elif isinstance(request, protocol.Detokenize):
            asker.send(_detokenize(self._model, request))
        elif (refusal := _refusal(self._model, request.request)) is not None:
            asker.send(protocol.Failed(request.id, "request", refusal))
        else:
            self._jobs.put(Ticket(asker, Job(request.id, request.request, self._clock())))

    def leave(self, asker: Asker) -> None:
        """Forget somebody who is gone, and free the engine from what it does for them."""
        self._jobs.drop(asker)
        with self._lock:
            self._await_load = [entry for entry in self._await_load if entry[0] is not asker]

    def _accept_load(self, asker: Asker, request: protocol.Load) -> None:
        with self._lock:
            if self._spec is None:
                self._spec = request.spec
                self._spec_came.put(request.spec)
            if self._spec == request.spec and self._model is None and self._failure is None:
                self._await_load.append((asker, request.id))
                return
        asker.send(self._loaded(request))

    def _loaded(self, request: protocol.Load) -> protocol.Reply:
        if self._spec != request.spec:
            return protocol.Failed(request.id, "request", "The engine holds another model.")
        if self._model is None:
            return protocol.Failed(request.id, "model", self._failure or "No model is loaded.")
        return protocol.Loaded(request.id, self._model.info)

    def _load(self, spec: EngineSpec) -> LlamaModel | None:
        model, failure = None, None
        try:
            model = LlamaModel(spec, self._abort, self._tell_share)
        except ModelError as error:
            failure = str(error)
        with self._lock:
            self._model, self._failure = model, failure
            waiting, self._await_load = self._await_load, []
        for asker, request_id in waiting:
            asker.send(self._loaded(protocol.Load(request_id, spec)))
        return model

    def _tell_share(self, share: float) -> None:
        with self._lock:
            waiting = list(self._await_load)
        for asker, request_id in waiting:
            asker.send(protocol.Loading(request_id, share))

    def _serve(self, model: LlamaModel) -> None:
        is_rested = True
        while not self._jobs.is_closed:
            ticket = self._jobs.take(None if is_rested else REST_AFTER_S)
            if ticket is not None:
                reply = self._answer(model, ticket.job)
                self._jobs.done()
                ticket.asker.send(reply)
                is_rested = False
            elif not is_rested:
                self._rest(model)
                if model.warm is not None:
                    model.warm.save_at_rest(model.speed.tokens_per_s, lambda: self._jobs.is_wanted)
                is_rested = True
        if not is_rested:
            self._rest(model)
        if model.warm is not None:
            model.warm.save_at_end(model.speed.tokens_per_s)

    def _answer(self, model: LlamaModel, job: Job) -> protocol.Reply:
        try:
            if job.cancelled:
                raise Cancelled
            return protocol.Generated(job.id, generate(model, job, self._abort, self._clock))
        except Cancelled:
            return _cancelled(job.id)
        except EvaluationFailed as error:
            return protocol.Failed(job.id, "request", f"{error}.")


def _cancelled(request_id: int) -> protocol.Reply:
    return protocol.Failed(request_id, "cancelled", "The request was cancelled.")


def _tokenize(model: LlamaModel, request: protocol.Tokenize) -> protocol.Reply:
    try:
        return protocol.Tokenized(request.id, [model.tokenize(text) for text in request.texts])
    except EvaluationFailed as error:
        return protocol.Failed(request.id, "request", f"{error}.")


def _detokenize(model: LlamaModel, request: protocol.Detokenize) -> protocol.Reply:
    if not _are_known(model, request.tokens):
        return protocol.Failed(request.id, "request", _UNKNOWN)
    return protocol.Detokenized(request.id, b"".join(model.shown(t) for t in request.tokens))


def _refusal(model: LlamaModel, request: GenerationRequest) -> str | None:
    """Why a generation cannot even be queued; None where it can."""
    n_ctx = model.info.n_ctx
    prompts = (request.tokens, *request.cheaper)
    if not any(0 < len(tokens) < n_ctx for tokens in prompts):
        n_tokens = len(request.tokens)
        return f"A prompt of {n_tokens} tokens does not fit a context of {n_ctx} tokens."
    return None if all(_are_known(model, tokens) for tokens in prompts) else _UNKNOWN


def _are_known(model: LlamaModel, tokens: Tokens) -> bool:
    """Whether the vocabulary has them all; for others llama.cpp would end the process."""
    return all(0 <= token < model.n_vocab for token in tokens)
