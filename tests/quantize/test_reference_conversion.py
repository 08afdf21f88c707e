"""`sc2-quantize convert` against llama.cpp's converter itself, and logits against transformers'.

`make e2e-quantize` fetches both and runs these; `--update` keeps what the converter wrote, which
the default run compares with.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import gguf
import numpy as np
import pytest

from sc2_lsp.vocabulary import SPECIAL_TOKENS
from tests.quantize.converted import convert
from tests.quantize.recipes import CASES, IDS, golden
from tests.support.checkpoints import Recipe, make_checkpoint, tokenizer_of
from tests.support.gguf_contents import contents, without_ours

pytestmark = [pytest.mark.reference, pytest.mark.timeout(600)]

RIGS = Path(__file__).parent / "rigs"


@pytest.fixture(scope="session")
def rig() -> Path:
    """The folder that rigs/transformers.sh makes: venv and llama.cpp."""
    if "SC2_TRANSFORMERS" not in os.environ:
        pytest.fail("transformers and llama.cpp's source are needed: run 'make e2e-quantize'.")
    return Path(os.environ["SC2_TRANSFORMERS"])


def run(rig: Path, script: str, *arguments: object) -> None:
    done = subprocess.run(
        [rig / "venv" / "bin" / "python", RIGS / script, *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def reference(rig: Path, folder: Path, target: Path, kind: str) -> Path:
    options = ["--outfile", target, "--outtype", kind]
    run(rig, "llama_cpp.py", rig / "llama.cpp", "convert_hf_to_gguf.py", folder, *options)
    return target


@pytest.mark.parametrize(("recipe", "kind"), CASES, ids=IDS)
def test_tensors_and_metadata_are_the_same(
    rig: Path, tmp_path: Path, recipe: Recipe, kind: str, update: bool
) -> None:
    folder = make_checkpoint(tmp_path / recipe.name, recipe)
    theirs = contents(reference(rig, folder, tmp_path / "theirs.gguf", kind))
    if update:
        golden(recipe, kind).parent.mkdir(exist_ok=True)
        golden(recipe, kind).write_text(json.dumps(theirs, indent=1) + "\n", encoding="utf-8")
    ours = contents(convert(folder, tmp_path / "ours.gguf", kind))
    assert without_ours(ours) == theirs
    assert list(without_ours(ours)["keys"]) == list(theirs["keys"])
    assert golden(recipe, kind).read_text(encoding="utf-8") == json.dumps(theirs, indent=1) + "\n"


def test_starcoders_own_tokenizer_is_written_the_same(rig: Path, tmp_path: Path) -> None:
    """The vocabulary that llama.cpp has for its own tests; its converter knows it by a hash."""
    vocabulary = gguf.GGUFReader(rig / "llama.cpp" / "models" / "ggml-vocab-starcoder.gguf")
    tokens = vocabulary.fields["tokenizer.ggml.tokens"].contents()
    merges = vocabulary.fields["tokenizer.ggml.merges"].contents()
    assert (len(tokens), tokens[: len(SPECIAL_TOKENS)]) == (49152, list(SPECIAL_TOKENS))
    recipe = Recipe("starcoder2-3b", n_embd=16, n_ff=32, n_heads=2, n_layers=1)
    folder = make_checkpoint(tmp_path / recipe.name, recipe, tokenizer_of(tokens, merges))
    theirs = contents(reference(rig, folder, tmp_path / "theirs.gguf", "auto"))
    assert theirs["keys"]["tokenizer.ggml.pre"] == '"starcoder"'
    assert without_ours(contents(convert(folder, tmp_path / "ours.gguf", "auto"))) == theirs


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("is_tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("shard", ["10MB", "150KB"], ids=["one-file", "several-files"])
def test_checkpoints_of_transformers(
    rig: Path, tmp_path: Path, dtype: str, is_tied: bool, shard: str
) -> None:
    """What `save_pretrained` writes: tensors and keys as above, logits as transformers has them."""
    recipe = Recipe("saved", is_tied=is_tied, n_layers=3, n_embd=128, n_ff=256)
    seed = make_checkpoint(tmp_path / "seed", recipe)
    ids = [1, 60, 61, 62, 80, 3, 70, 71, 2, *range(90, 190, 3)]
    folder, logits = tmp_path / "saved", tmp_path / "logits.npy"
    run(rig, "save.py", seed, folder, dtype, shard, logits, json.dumps(ids))
    assert (len(list(folder.glob("*.safetensors"))) > 1) == (shard == "150KB")

    theirs = contents(reference(rig, folder, tmp_path / "theirs.gguf", "auto"))
    assert without_ours(contents(convert(folder, tmp_path / "ours.gguf", "auto"))) == theirs
    ours = logits_of(convert(folder, tmp_path / "f32.gguf", "f32"), ids)
    assert np.abs(ours - np.load(logits)).max() < 1e-3


def logits_of(model: Path, ids: list[int]) -> np.ndarray:
    """Logits behind each token, by llama.cpp."""
    from llama_cpp import Llama

    llama = Llama(str(model), n_ctx=128, n_threads=1, logits_all=True, verbose=False)
    llama.eval(ids)
    return np.array(llama.scores[: len(ids)])
