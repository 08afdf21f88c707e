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
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings


class Loaded:
    """A model with its abort flag."""

    def __init__(self, **changes: object) -> None:
        spec = replace(engine_spec(Settings(drafting="never")), **changes)  # type: ignore[arg-type]
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


@pytest.fixture(scope="session")
def load() -> Callable[..., Loaded]:
    return Loaded
