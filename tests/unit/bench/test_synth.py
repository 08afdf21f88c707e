"""Synthetic models as files: what stands in them, and what becomes of a file that fails."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import gguf
import pytest

from sc2_lsp.bench import synth
from sc2_lsp.bench.failure import BenchError
from sc2_lsp.bench.shapes import SHAPES, Mix, Shape, weight_bytes
from sc2_lsp.domain import GenerationRequest, StopReason, StopRule
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS, SPECIAL_TOKENS

TINY = SHAPES["tiny"]
# As the real ones: more tokens than the bundled tokenizer has, and a matrix of its own for logits.
PADDED = Shape("padded", 2, 256, 512, 4, 2, 100_000.0, 2048, 9000, is_tied=False)


def nothing(n_bytes: int) -> None:
    pass


@pytest.fixture(params=[(TINY, Mix.Q4_K_M), (TINY, Mix.Q4_0), (PADDED, Mix.Q8_0)], ids=str)
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    shape, mix = request.param
    path = tmp_path / "model.gguf"
    synth.write(path, shape, mix, nothing)
    return path


@pytest.fixture
async def engine(model: Path) -> AsyncIterator[EngineClient]:
    client = EngineClient(engine_spec(Settings(model=str(model))), time.monotonic)
    yield client
    await client.close()


async def test_the_engine_writes_many_different_tokens_with_it(engine: EngineClient) -> None:
    prompt = tuple(range(100, 400))
    stop = StopRule(max_lines=1000)
    generation = await engine.generate(GenerationRequest(prompt, 24, 60.0, stop))
    # A piece of a character on its own ends a generation, any other token does not.
    assert generation.stop_reason in (StopReason.MAX_TOKENS, StopReason.SPECIAL_TOKEN)
    (tokens,) = await engine.tokenize([generation.text])
    assert len(set(tokens)) >= min(generation.n_generated, 6)


def test_special_tokens_have_no_weight_of_their_own(model: Path) -> None:
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(model).tensors}
    logits = tensors.get("output.weight", tensors["token_embd.weight"])
    rows = gguf.dequantize(logits.data[: N_SPECIAL_TOKENS + 1], logits.tensor_type)
    assert not rows[:N_SPECIAL_TOKENS].any()
    assert rows[N_SPECIAL_TOKENS].any()


def test_the_vocabulary_is_padded_with_tokens_that_differ(tmp_path: Path) -> None:
    path = tmp_path / "padded.gguf"
    synth.write(path, PADDED, Mix.Q4_0, nothing)
    fields = gguf.GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    assert len(set(tokens)) == len(tokens) == PADDED.n_vocab
    assert tuple(tokens[:N_SPECIAL_TOKENS]) == SPECIAL_TOKENS
    assert len(fields["tokenizer.ggml.token_type"].contents()) == PADDED.n_vocab
    names = ("pre", "suf", "mid", "pad", "rep", "sep")
    ids = [fields[f"tokenizer.ggml.fim_{name}_token_id"].contents() for name in names]
    assert ids == [1, 3, 2, 4, 5, 6]


def test_progress_adds_up_to_all_weights(tmp_path: Path) -> None:
    seen: list[int] = []
    synth.write(tmp_path / "model.gguf", TINY, Mix.Q4_K_M, seen.append)
    assert sum(seen) == weight_bytes(TINY, Mix.Q4_K_M)


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"old")

    def fail(n_bytes: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synth.write(path, TINY, Mix.Q4_0, fail)
    assert [file.name for file in tmp_path.iterdir()] == ["model.gguf"]
    assert path.read_bytes() == b"old"


def test_a_model_that_does_not_fit_on_the_disk_is_refused_with_the_numbers(tmp_path: Path) -> None:
    huge = Shape("huge", 40_000, 6144, 24_576, 48, 4, 100_000.0)
    with pytest.raises(BenchError, match=r"would take \d+\.\d\d GB, and its disk has"):
        synth.write(tmp_path / "model.gguf", huge, Mix.Q8_0, nothing)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"nowhere.model\.gguf cannot be written"):
        synth.write(tmp_path / "nowhere" / "model.gguf", TINY, Mix.Q4_0, nothing)
