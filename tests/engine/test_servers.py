"""Real servers with the bundled model keep the contract, and write what the local engine writes."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from sc2_lsp.domain import GenerationRequest, StopRule
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.models import BUNDLED_MODEL, engine_spec
from sc2_lsp.settings import Settings
from tests.support.lsp_client import ROOT
from tests.support.server_contract import N_CTX, Contract

pytestmark = [pytest.mark.reference, pytest.mark.timeout(300)]

CODE = (ROOT / "sc2_lsp" / "text.py").read_text(encoding="utf-8")
N_PLACES = 12


@contextmanager
def running(command: Sequence[str | Path], listens: bytes) -> Iterator[str]:
    """The address of a server, which says where it listens as `listens` finds it."""
    with subprocess.Popen(command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        said = []
        try:
            for line in process.stdout:
                said.append(line)
                if found := re.search(listens, line):
                    break
            else:
                raise AssertionError(b"".join(said).decode())
            # What it says later is read by nobody, and must not stop it.
            drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
            yield found[1].decode()
        finally:
            process.kill()
    drain.wait()


class Real(Contract):
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
        assert texts[0] == texts[1]
        assert sum(map(bool, texts[0])) > N_PLACES // 2


class TestLlamaServer(Real):
    program = "llama-server"

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls) -> Iterator[str]:
        program = Path(os.environ["SC2_LLAMA_TOOLS"]) / "llama-server"
        command = [program, "--model", BUNDLED_MODEL, "--host", "127.0.0.1", "--port", "0"]
        command += ["--ctx-size", str(N_CTX), "--parallel", "1", "--threads", "1"]
        command += ["--batch-size", "64", "--ubatch-size", "64"]
        with running(command, rb"listening on (http://127\.0\.0\.1:\d+)") as url:
            yield url


class TestLlamaCppPython(Real):
    program = "llama-cpp-python"

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls) -> Iterator[str]:
        command = [os.environ["SC2_LLAMA_CPP_PYTHON"], "-m", "llama_cpp.server"]
        command += ["--model", str(BUNDLED_MODEL), "--host", "127.0.0.1", "--port", "0"]
        command += ["--n_ctx", str(N_CTX), "--n_threads", "1"]
        command += ["--n_batch", "64", "--flash_attn", "true"]
        with running(command, rb"running on (http://127\.0\.0\.1:\d+)") as url:
            yield url
