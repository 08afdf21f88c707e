"""The engine process: `python -m sc2_lsp.engine.host`, started and ended by `client`.

Frames come in on stdin and go out on stdout. One thread reads, so that a cancellation and a
tokenization never wait for an evaluation; the main thread evaluates. The end of stdin is the end
of the process, wherever the main thread is, so it cannot outlive whoever started it.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from typing import BinaryIO

import msgspec

from sc2_lsp.domain import Tokens
from sc2_lsp.engine import protocol
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.generation import Cancelled, Job, generate
from sc2_lsp.engine.llama import EvaluationFailed, LlamaModel
from sc2_lsp.ports import ModelError


def main() -> None:
    """Serve requests until stdin ends."""
    # Ctrl-C in a terminal reaches the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = _claim_stdout()
    Host(sys.stdin.buffer, replies).run()


def _claim_stdout() -> BinaryIO:
    """The real stdout for frames alone; whatever else prints goes to stderr from now on."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return replies


class Host:
    """Owns the weights and the queue of generations."""

    def __init__(self, requests: BinaryIO, replies: BinaryIO) -> None:
        self._requests = requests
        self._replies = replies
        self._send_lock = threading.Lock()
        self._abort = AbortFlag()
        self._work: queue.Queue[protocol.Load | Job] = queue.Queue()
        self._jobs: dict[int, Job] = {}
        self._model: LlamaModel | None = None

    def run(self) -> None:
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        while True:
            item = self._work.get()
            if isinstance(item, Job):
                self._send(self._generate(item))
            else:
                self._send(self._load(item))

    def _load(self, load: protocol.Load) -> protocol.Reply:
        try:
            self._model = LlamaModel(load.spec, self._abort)
        except ModelError as error:
            return protocol.Failed(load.id, "model", str(error))
        return protocol.Loaded(load.id, self._model.info)

    def _generate(self, job: Job) -> protocol.Reply:
        assert self._model is not None, "a generation is queued only behind a load"
        try:
            if job.cancelled:
                raise Cancelled
            generation = generate(self._model, job, self._abort, time.monotonic)
        except Cancelled:
            return protocol.Failed(job.id, "cancelled", "The request was cancelled.")
        except EvaluationFailed as error:
            return protocol.Failed(job.id, "request", f"{error}.")
        finally:
            self._jobs.pop(job.id, None)
        return protocol.Generated(job.id, generation)

    def _read(self) -> None:
        try:
            while (body := protocol.read_frame(self._requests)) is not None:
                self._accept(protocol.decode_request(body))
        except (msgspec.DecodeError, OSError) as error:
            sys.stderr.write(f"sc2-lsp engine: a request is unreadable: {error}\n")
        # The main thread may be deep inside llama.cpp, so nothing less ends the process at once.
        os._exit(0)

    def _accept(self, request: protocol.Request) -> None:
        if isinstance(request, protocol.Load):
            self._work.put(request)
        elif isinstance(request, protocol.Cancel):
            self._cancel(request.id)
        elif self._model is None:
            self._send(protocol.Failed(request.id, "request", "No model is loaded."))
        elif isinstance(request, protocol.Tokenize):
            self._send(_tokenize(self._model, request))
        elif isinstance(request, protocol.Detokenize):
            self._send(_detokenize(self._model, request))
        elif (refusal := _refusal(self._model, request)) is not None:
            self._send(refusal)
        else:
            job = Job(request.id, request.request, time.monotonic())
            self._jobs[job.id] = job
            self._work.put(job)

    def _cancel(self, job_id: int) -> None:
        job = self._jobs.get(job_id)
        if job is not None:
            job.cancelled = True
            self._abort.stop(job)

    def _send(self, reply: protocol.Reply) -> None:
        try:
            with self._send_lock:
                self._replies.write(protocol.encode(reply))
                self._replies.flush()
        except OSError:
            os._exit(0)


def _tokenize(model: LlamaModel, request: protocol.Tokenize) -> protocol.Reply:
    try:
        return protocol.Tokenized(request.id, [model.tokenize(text) for text in request.texts])
    except EvaluationFailed as error:
        return protocol.Failed(request.id, "request", f"{error}.")


def _detokenize(model: LlamaModel, request: protocol.Detokenize) -> protocol.Reply:
    unknown = _unknown_token(model, request.id, request.tokens)
    if unknown is not None:
        return unknown
    return protocol.Detokenized(request.id, b"".join(model.shown(t) for t in request.tokens))


def _refusal(model: LlamaModel, request: protocol.Generate) -> protocol.Failed | None:
    """Why a generation cannot even be queued; None where it can."""
    n_tokens, n_ctx = len(request.request.tokens), model.info.n_ctx
    if not 0 < n_tokens < n_ctx:
        return protocol.Failed(
            request.id,
            "request",
            f"A prompt of {n_tokens} tokens does not fit a context of {n_ctx} tokens.",
        )
    return _unknown_token(model, request.id, request.request.tokens)


def _unknown_token(model: LlamaModel, request_id: int, tokens: Tokens) -> protocol.Failed | None:
    """A refusal of ids that the vocabulary does not have; llama.cpp would end the process."""
    if all(0 <= token < model.n_vocab for token in tokens):
        return None
    return protocol.Failed(request_id, "request", "The request holds an unknown token.")


if __name__ == "__main__":
    main()
