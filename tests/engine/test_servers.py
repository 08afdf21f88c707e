"""Real servers with the bundled model keep the contract, and write what the local engine writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_lsp.models import BUNDLED_MODEL
from tests.support.real_servers import Real, running
from tests.support.server_contract import N_CTX

pytestmark = [pytest.mark.reference, pytest.mark.timeout(300)]


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
