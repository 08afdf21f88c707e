"""Weights in the test's own process, for what a client cannot see."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

# As for the engine's own process: several test runs beside each other else wait for one another.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")

from sc2_lsp.domain import Generation, GenerationRequest, StopRule, Tokens
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.generation import Job, generate
from sc2_lsp.engine.llama import LlamaModel
from sc2_lsp.engine.ranking import Ranking
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings

NOISE = 0.5
"""How far logits of a quantized model differ with the batches that a prompt is evaluated in."""


class Loaded:
    """A model with its abort flag."""

    def __init__(self, **changes: object) -> None:
        spec = replace(engine_spec(Settings(drafting="never", warm_start_mb=0)), **changes)  # type: ignore[arg-type]
        self.abort = AbortFlag()
        self.model = LlamaModel(spec, self.abort)

    def job(self, tokens: Tokens, **changes: object) -> Job:
        base = GenerationRequest(tokens, max_tokens=16, deadline_s=60.0, stop=StopRule(100))
        request = replace(base, **changes)  # type: ignore[arg-type]
        return Job(1, request, time.monotonic())

    def run(self, job: Job) -> Generation:
        return generate(self.model, job, self.abort, time.monotonic)

    def generate(self, tokens: Tokens, **changes: object) -> Generation:
        return self.run(self.job(tokens, **changes))

    def tokens(self, text: str) -> Tokens:
        return self.model.tokenize(text.encode())

    def rankings(self, prompt: Tokens) -> list[tuple[Ranking, int]]:
        """What ranked behind the prompt and each token written there, and what was taken."""
        cache = self.model.cache
        sequence = cache.plan(prompt, 0).sequence
        tokens = cache.sequences.held[sequence].tokens
        ranked = [(cache.ranking(sequence, n), n) for n in range(len(prompt), len(tokens))]
        return [(ranking, tokens[n]) for ranking, n in ranked if ranking is not None]


def n_alike(left: Loaded, right: Loaded, prompt: Tokens) -> int:
    """How many tokens both wrote behind `prompt`; what they think of each must be alike, and where
    they go apart there must have been a tie."""
    n_tokens = 0
    pairs = zip(left.rankings(prompt), right.rankings(prompt), strict=False)
    for (ranking, taken), (other, also_taken) in pairs:
        logits = dict(zip(other.tokens, other.logits, strict=True))
        for token, logit in zip(ranking.tokens[:10], ranking.logits, strict=False):
            assert logits[token] == pytest.approx(logit, abs=NOISE)
        if taken != also_taken:
            assert ranking.logits[0] - ranking.logits[1] < NOISE, "that was no tie"
            break
        n_tokens += 1
    return n_tokens


@pytest.fixture(scope="session")
def load() -> Callable[..., Loaded]:
    return Loaded
