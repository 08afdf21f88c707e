"""A real vLLM with the bundled model's weights keeps the contract."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from tests.support.bundled_checkpoint import write_bundled_checkpoint
from tests.support.real_servers import Real
from tests.support.server_contract import N_CTX
from tests.support.server_processes import started

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1200)]


class TestVllm(Real):
    program = "vLLM"
    # It computes with the weights as they are, where llama.cpp rounds what it multiplies them with.
    least_alike = 0.75

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        folder = write_bundled_checkpoint(tmp_path_factory.mktemp("models") / "sc2-tiny")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [os.environ["SC2_VLLM"], "serve", folder, "--served-model-name", "sc2-tiny"]
        command += ["--host", "127.0.0.1", "--port", str(port), "--max-model-len", str(N_CTX)]
        command += ["--dtype", "float32", "--enforce-eager", "--max-num-seqs", "4"]
        environment = {
            "HF_HUB_OFFLINE": "1",
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        }
        with started(command, rb"(Application startup complete)", environment):
            yield f"http://127.0.0.1:{port}"
