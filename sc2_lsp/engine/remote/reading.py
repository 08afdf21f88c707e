"""What one request gets out of what a server writes: pure.

It may be written for an earlier request as well: what was typed since is then found in it again.
"""

from __future__ import annotations

from dataclasses import dataclass

from sc2_lsp.domain import Generation, GenerationRequest, StopReason, Tokens
from sc2_lsp.engine.remote.protocol import Piece
from sc2_lsp.engine.repetition import end_before_loop
from sc2_lsp.stopping import end_of_suggestion, whole_lines
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS


@dataclass(eq=False, slots=True)
class Reading:
    """What a request has got so far, of the prompt numbered `choice`.

    `typed` are tokens at the end of that prompt that the server wrote itself and that have to come
    first. Of the tokens written `n_known` stood there before it asked. `is_over` says that nothing
    more is needed, `departed` that something else was written than has been typed since.
    """

    request: GenerationRequest
    started_s: float
    choice: int = 0
    typed: Tokens = ()
    written: str = ""
    text: str = ""
    reason: StopReason = StopReason.MAX_TOKENS
    has_begun: bool = False
    is_over: bool = False
    departed: bool = False
    n_counted: int = 0
    n_generated: int = 0
    n_known: int = 0
    n_evaluated: int = 0
    prompt_s: float = 0.0

    @property
    def required(self) -> str:
        """What has still to be written of the word that the cursor cuts."""
        return self.request.required.decode("utf-8", "replace")[len(self.written) :]

    def take(self, piece: Piece, now_s: float) -> None:
        """Add what came."""
        if piece.is_progress or self.is_over:
            return
        if not self.has_begun:
            self.has_begun = True
            self.prompt_s = now_s - self.started_s
        if not self.request.max_tokens:
            self.is_over = True
        elif self.typed:
            self._find_typed(piece)
        elif piece.end:
            self._end(piece.end)
        elif any(token < N_SPECIAL_TOKENS for token in piece.tokens):
            self.is_over, self.reason = True, StopReason.SPECIAL_TOKEN
        else:
            self._write(piece.text)

    def _find_typed(self, piece: Piece) -> None:
        n_tokens = len(piece.tokens)
        if not n_tokens or piece.tokens != self.typed[:n_tokens]:
            self.departed = self.is_over = True
        self.typed = self.typed[n_tokens:]

    def _end(self, end: str) -> None:
        if end != "limit":
            self.is_over, self.reason = True, StopReason.SPECIAL_TOKEN

    def _write(self, text: str) -> None:
        request, required = self.request, self.request.required.decode("utf-8", "replace")
        self.n_generated += 1
        self.written += text
        if len(self.written) <= len(required):
            if not required.startswith(self.written):
                self._depart()
            return
        if not self.written.startswith(required):
            self._depart()
            return
        self.text = self.written[len(required) :]
        self.n_counted += 1
        for end, reason in (
            (end_of_suggestion(self.text, request.stop), StopReason.BLOCK_END),
            (end_before_loop(self.text), StopReason.REPETITION),
        ):
            if end is not None:
                self.text, self.reason, self.is_over = self.text[:end], reason, True
                return
        self.is_over = self.n_counted >= request.max_tokens

    def _depart(self) -> None:
        self.departed = self.is_over = True
        self.reason = StopReason.SPECIAL_TOKEN

    def finish(self, reason: StopReason, now_s: float) -> Generation:
        prompts = (self.request.tokens, *self.request.cheaper)
        return Generation(
            text=whole_lines(self.text) if reason is StopReason.DEADLINE else self.text,
            stop_reason=reason,
            n_prompt=len(prompts[self.choice]),
            n_evaluated=self.n_evaluated,
            n_generated=self.n_generated,
            queue_s=0.0,
            prompt_s=self.prompt_s,
            generate_s=max(0.0, now_s - self.started_s - self.prompt_s),
            prompt_done=self.has_begun,
            choice=self.choice,
            n_steps=self.n_generated - self.n_known,
        )
