"""What the catalogue may say: nothing that could not be fetched or would not be StarCoder2."""

from __future__ import annotations

import re

import pytest

from sc2_lsp.bench.shapes import SHAPES
from sc2_lsp.models import catalogue
from sc2_lsp.models.catalogue import Model

MODELS = catalogue.known_models()


def test_names_are_unique_and_no_paths() -> None:
    names = [model.name for model in MODELS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) for name in names)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_model_says_all_that_its_kind_needs(model: Model) -> None:
    assert model.shape in SHAPES
    assert catalogue.licence_of(model).url.startswith("https://")
    if model.kind == "bundled":
        assert not model.repository
        return
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", model.repository)
    assert model.revision
    assert model.size_bytes
    assert catalogue.licence_of(model).asks
    assert bool(model.file) == (model.kind == "gguf")
    assert model.file.endswith(f"{model.quantization}.gguf") or model.kind == "checkpoint"


def test_a_hash_stands_only_beside_the_commit_that_it_was_seen_at() -> None:
    pinned = [model for model in MODELS if model.sha256]
    assert pinned
    for model in pinned:
        assert re.fullmatch(r"[0-9a-f]{64}", model.sha256 or "")
        assert re.fullmatch(r"[0-9a-f]{40}", model.revision)


def test_upper_and_lower_case_are_alike() -> None:
    assert catalogue.find("StarCoder2-3B-Q4_K_M") == catalogue.find("starcoder2-3b-q4_k_m")
    assert catalogue.find("starcoder2-3b-q4_k_m.gguf") is None
