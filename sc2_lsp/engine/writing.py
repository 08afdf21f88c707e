"""Writes one answer: takes the likeliest token until the text has an end."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

import numpy as np

from sc2_lsp.domain import StopReason, StopRule
from sc2_lsp.engine.pieces import Pieces
from sc2_lsp.engine.ranking import Ranking
from sc2_lsp.engine.repetition import end_before_loop
from sc2_lsp.engine.walk import BranchWalk, CacheWalk
from sc2_lsp.stopping import end_of_suggestion

_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class Start:
    """Where the text of an answer began: the token taken, what else ranked there, behind which
    `n_tokens` tokens, and the required bytes that were still to come."""

    n_tokens: int
    ranking: Ranking
    rest: bytes
    token: int


@dataclass(slots=True)
class Answer:
    """What was written so far. A character is added only once all its bytes are there.

    `rest` are required bytes that have not come yet; they are no part of the text. `n_counted`
    tokens brought text, of `n_generated` in all.
    """

    rest: bytes
    text: str = ""
    n_generated: int = 0
    n_counted: int = 0
    is_broken: bool = False
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def add(self, piece: bytes) -> None:
        """Append a token's bytes; bytes that form no character end the text."""
        n_required = min(len(self.rest), len(piece))
        self.rest, piece = self.rest[n_required:], piece[n_required:]
        self.n_generated += 1
        self.n_counted += bool(piece)
        text, bad, _ = self._decoder.decode(piece).partition(_REPLACEMENT)
        self.text += text
        self.is_broken = bool(bad)


def write(
    walk: CacheWalk, answer: Answer, pieces: Pieces, stop: StopRule, max_tokens: int
) -> tuple[StopReason, Start | None]:
    """Write on `walk` until an end, and say where the text began, if any came."""
    start: Start | None = None
    while True:
        rest, ranking, n_tokens = answer.rest, walk.ranking(), walk.n_tokens
        token = _next_token(walk, ranking, rest, pieces)
        if token is None:
            return StopReason.SPECIAL_TOKEN, start
        end = _take(token, answer, pieces, stop, max_tokens)
        if start is None and (answer.n_counted or not pieces[token]):
            start = Start(n_tokens, ranking, rest, token)
        if end is not None:
            return end, start
        if walk.is_full():
            return StopReason.CONTEXT_FULL, start
        walk.advance(token)


def write_beside(
    walk: BranchWalk, first: int, answer: Answer, pieces: Pieces, stop: StopRule, max_tokens: int
) -> StopReason:
    """Write on `walk`, beginning with the token `first`."""
    token = first
    while True:
        end = _take(token, answer, pieces, stop, max_tokens)
        if end is not None:
            return end
        if walk.is_full():
            return StopReason.CONTEXT_FULL
        token = walk.advance(token).tokens[0]


def _next_token(walk: CacheWalk, ranking: Ranking, rest: bytes, pieces: Pieces) -> int | None:
    """The likeliest token, or while required bytes remain the likeliest one that fits them."""
    if not rest:
        return ranking.tokens[0]
    for token in ranking.tokens:
        if pieces.fits(token, rest):
            return token
    fitting = pieces.fitting(rest)
    return fitting[int(np.argmax(walk.logits()[fitting]))] if fitting else None


def _take(
    token: int, answer: Answer, pieces: Pieces, stop: StopRule, max_tokens: int
) -> StopReason | None:
    """Add `token` to the answer; why that is its end, None if it goes on."""
    if not pieces[token]:
        return StopReason.SPECIAL_TOKEN
    answer.add(pieces[token])
    if answer.is_broken:
        return StopReason.SPECIAL_TOKEN
    for end, reason in (
        (end_of_suggestion(answer.text, stop), StopReason.BLOCK_END),
        (end_before_loop(answer.text), StopReason.REPETITION),
    ):
        if end is not None:
            answer.text = answer.text[:end]
            return reason
    return StopReason.MAX_TOKENS if answer.n_counted >= max_tokens else None
