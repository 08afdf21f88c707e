from __future__ import annotations

import os
from pathlib import Path

import pytest

from sc2_lsp.assignments import AssignmentError, settings_from
from sc2_lsp.settings import Settings


def test_nothing_given_leaves_the_defaults() -> None:
    assert settings_from("", []) == Settings()


def test_values_are_numbers_truth_values_or_text_and_the_last_one_counts() -> None:
    given = ["n_ctx=1024", "automatic=false", "layout=spm", "n_ctx=2048"]
    assert settings_from("", given) == Settings(n_ctx=2048, automatic=False, layout="spm")


def test_a_models_path_becomes_absolute() -> None:
    assert settings_from("m.gguf", []).model == str(Path("m.gguf").absolute())


@pytest.mark.parametrize(
    ("assignment", "says"),
    [("n_ctx", "NAME=VALUE"), ("n_ctx=1", "'sc2.n_ctx'"), ("colour=blue", "Unknown setting")],
)
def test_what_cannot_be_set_is_refused(assignment: str, says: str) -> None:
    with pytest.raises(AssignmentError, match=says):
        settings_from("", [assignment])


def test_the_path_of_an_adapter_becomes_absolute() -> None:
    settings = settings_from("", ["lora=adapter.gguf", "lora_scale=0.5"])
    assert (settings.lora, settings.lora_scale) == (str(Path("adapter.gguf").absolute()), 0.5)


@pytest.mark.skipif(os.name == "nt", reason="a folder that is in use cannot be removed there")
@pytest.mark.parametrize(("model", "sets"), [("mine.gguf", ()), ("", ("lora=mine.gguf",))])
def test_a_path_from_a_folder_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, sets: tuple[str, ...]
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(AssignmentError, match=r"is gone, .* where mine\.gguf is"):
        settings_from(model, sets)
