"""What holds for every real server with the bundled model."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from sc2_lsp.domain import GenerationRequest, StopRule
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings
from tests.support.lsp_client import ROOT
from tests.support.server_contract import Contract

CODE = (ROOT / "sc2_lsp" / "text.py").read_text(encoding="utf-8")
N_PLACES = 12


class Real(Contract):
    """`least_alike` is the share of texts that have to be what the local engine writes."""

    least_alike = 1.0

    @pytest.fixture
    async def local(self) -> AsyncIterator[EngineClient]:
        # Logits differ with the batches that a prompt is evaluated in: few are.
        settings = Settings(n_ubatch=64, shift_tokens=0, drafting="never", warm_start_mb=0)
        client = EngineClient(engine_spec(settings), time.monotonic)
        yield client
        await client.close()

    async def test_it_writes_what_the_local_engine_writes(
        self, engine: RemoteEngine, local: EngineClient
    ) -> None:
        texts = []
        for one in (engine, local):
            written = []
            for number in range(N_PLACES):
                at = len(CODE) * (number + 1) // (N_PLACES + 1)
                before, behind = await one.tokenize([CODE[max(0, at - 400) : at], CODE[at:][:200]])
                tokens = (1, *before, 3, *behind, 2)
                stop = StopRule(max_lines=1 if number % 3 else 4)
                request = GenerationRequest(tokens, max_tokens=24, deadline_s=60.0, stop=stop)
                written.append((await one.generate(request)).text)
            texts.append(written)
        n_alike = sum(theirs == ours for theirs, ours in zip(*texts, strict=True))
        assert n_alike >= self.least_alike * N_PLACES
        assert sum(map(bool, texts[0])) > N_PLACES // 2
