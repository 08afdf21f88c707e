"""The checkpoints that are compared with llama.cpp's converter, and the kinds they become."""

from __future__ import annotations

from pathlib import Path

from tests.support.checkpoints import Recipe

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "convert"

_CARD = """---
license: bigcode-openrail-m
tags:
- code
language:
- no
- en
base_model: bigcode/starcoder2-3b
datasets:
- bigcode/the-stack-v2-train
---
# A model
"""

_YARN = (
    "rope_scaling",
    {
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 128,
        "beta_fast": 16.0,
    },
)
_LINEAR = ("rope_scaling", {"type": "linear", "factor": 2.0})

RECIPES = (
    (Recipe("tied-3B", card=_CARD), ("auto", "f16", "f32")),
    (
        Recipe("untied-instruct", dtype="F32", is_tied=False, n_files=3, n_heads=2, n_kv_heads=1),
        ("auto", "bf16", "f32"),
    ),
    (Recipe("spare-v0.1", dtype="F16", n_spare=5, n_layers=3, seed=2), ("auto", "bf16")),
    (
        Recipe(
            "chat-v2",
            is_tied=False,
            extra=(_YARN, ("eos_token_id", 4), ("pad_token_id", 0)),
            settings=(("chat_template", "{% for m in messages %}{{ m }}{% endfor %}"),),
            generation=(("temperature", 0.2), ("top_k", 40), ("repetition_penalty", 1.1)),
            words=("### Instruction", "<think>", "<|user|>"),
        ),
        ("auto",),
    ),
    (Recipe("scaled", n_heads=8, n_kv_heads=4, extra=(_LINEAR, ("head_dim", 8))), ("bf16",)),
)

ADAPTER = Recipe("lora-tied-3B", card=_CARD, seed=3)
ADAPTER_KINDS = ("f32", "f16")

CASES = [(recipe, kind) for recipe, kinds in RECIPES for kind in kinds]
IDS = [f"{recipe.name}.{kind}" for recipe, kind in CASES]


def golden(recipe: Recipe, kind: str) -> Path:
    """Where it is kept what llama.cpp's converter makes of the checkpoint."""
    return GOLDEN / f"{recipe.name}.{kind}.json"
