"""The tokenizer in plain Python takes text apart as llama.cpp does with the same vocabulary."""

from __future__ import annotations

import random
import time
import unicodedata
from collections.abc import AsyncIterator

import pytest

from sc2_lsp.engine.client import EngineClient
from sc2_lsp.engine.header import HeaderError
from sc2_lsp.engine.tokenizer import Tokenizer, tokenizer_of
from sc2_lsp.models import BUNDLED_MODEL, engine_spec
from sc2_lsp.settings import Settings
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS, SPECIAL_TOKENS
from tests.support.lsp_client import ROOT
from tests.support.odd_chars import CHARS


@pytest.fixture
async def engine() -> AsyncIterator[EngineClient]:
    client = EngineClient(engine_spec(Settings(warm_start_mb=0)), time.monotonic)
    yield client
    await client.close()


@pytest.fixture
def tokenizer() -> Tokenizer:
    return tokenizer_of(BUNDLED_MODEL)


async def test_files_and_random_texts(engine: EngineClient, tokenizer: Tokenizer) -> None:
    files = [*(ROOT / "sc2_lsp" / "engine").glob("*.py"), *(ROOT / "docs").glob("*.md")]
    texts = [file.read_text(encoding="utf-8") for file in files]
    chance = random.Random(7)
    texts += ["".join(chance.choices(CHARS, k=chance.randrange(40))) for _ in range(3000)]
    texts += ["".join(chance.choices("abcXYZ", k=50_000)), "-=" * 20_000]
    texts += ["", "a\ud800b", *SPECIAL_TOKENS, "x".join(SPECIAL_TOKENS)]
    assert [tokenizer.tokenize(text) for text in texts] == await engine.tokenize(texts)


def test_every_text_is_read_back(tokenizer: Tokenizer) -> None:
    text = "def f(x):\r\n\treturn '<file_sep>' + \"é😀\" # 12 <|endoftext|>\f\u2028end"
    tokens = tokenizer.tokenize(text)
    assert min(tokens) >= N_SPECIAL_TOKENS
    assert tokenizer.bytes_of(tokens).decode() == text
    written_out = "".join(SPECIAL_TOKENS).encode()
    assert tokenizer.bytes_of([*range(N_SPECIAL_TOKENS), 49_152, -1]) == written_out


def test_each_number_is_taken_alone(tokenizer: Tokenizer) -> None:
    chars = map(chr, range(0x110000))
    for char in (char for char in chars if unicodedata.category(char)[0] == "N"):
        assert [*tokenizer._split(f"a{char}{char}")] == ["a", char, char]


def test_another_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match="StarCoder2"):
        Tokenizer(["<|endoftext|>", "<fim_prefix>", "a"], [])
    with pytest.raises(HeaderError, match="GGUF"):
        tokenizer_of(ROOT / "README.md")
