"""llama.cpp's own server takes a repository's files and stops where it should: with our ids alone.

Public StarCoder2 files lack the ids of `<repo_name>` and `<file_sep>`, which the server does not
find by their texts.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.quantize.conftest import Command
from tests.support.checkpoints import Recipe, make_checkpoint

pytestmark = pytest.mark.reference

FILE_SEP = 6
N_MOST = 4


@pytest.fixture
def quantized(tmp_path: Path, command: Command) -> Path:
    """A file of ours, from checkpoint to Q8_0."""
    folder = make_checkpoint(tmp_path / "small", Recipe("small"))
    done = command("run", folder, tmp_path / "out", "--type", "Q8_0")
    assert done.exit_code == 0, done.output
    return tmp_path / "out" / "small-Q8_0.gguf"


def test_it_uses_the_repository_and_stops_at_the_next_file(quantized: Path) -> None:
    with server(quantized) as address:
        answer = infill(address)
    assert answer["prompt"].startswith("<repo_name>myproject\n<file_sep>other.py\n")
    assert "--- snippet ---" not in answer["prompt"]
    # The very token that begins another file ends the completion.
    assert (answer["content"], answer["tokens_predicted"], answer["stop_type"]) == ("", 1, "eos")


def test_without_the_ids_it_does_neither(quantized: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.gguf"
    data = quantized.read_bytes()
    for name in (b"fim_pre", b"fim_suf", b"fim_mid", b"fim_pad", b"fim_rep", b"fim_sep"):
        assert data.count(b".%s_token_id" % name) == 1
        data = data.replace(b".%s_token_id" % name, b".x%s_token_id" % name[1:])
    bare.write_bytes(data)
    with server(bare) as address:
        answer = infill(address)
    assert "<repo_name>" not in answer["prompt"]
    assert "<file_sep>" not in answer["prompt"]
    assert "--- snippet ---" in answer["prompt"]
    assert (answer["tokens_predicted"], answer["stop_type"]) == (N_MOST, "limit")


def infill(address: str) -> dict[str, Any]:
    """What the server completes when the model wants `<file_sep>` more than anything."""
    body = {
        "input_prefix": "def f():\n    ",
        "input_suffix": "\n",
        "input_extra": [{"filename": "other.py", "text": "x = 1\n"}],
        "n_predict": N_MOST,
        "temperature": 0,
        "logit_bias": [[FILE_SEP, 1000.0]],
    }
    request = urllib.request.Request(
        f"{address}/infill", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


@contextmanager
def server(model: Path) -> Iterator[str]:
    """llama-server with `model`; its address."""
    if "SC2_LLAMA_TOOLS" not in os.environ:
        pytest.fail("llama.cpp's own tools are needed: run 'make e2e-quantize'.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(os.environ["SC2_LLAMA_TOOLS"]) / "llama-server"
    # Other files get the room in the context that a batch leaves.
    sizes = ("-c", 512, "-b", 128, "-ub", 128, "-t", 1, "-np", 1)
    options = ("--host", "127.0.0.1", "--port", port, "--no-webui", *sizes)
    process = subprocess.Popen(
        [program, "-m", model, *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if "listening on http" in line:
                break
        else:
            pytest.fail(said[-2000:])
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
