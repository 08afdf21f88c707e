"""StarCoder2 checkpoints as transformers writes them, of random weights, with nothing but numpy.

The weights follow from a seed, so that a hash is enough to know what llama.cpp's converter makes
of one.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc2_lsp.vocabulary import SPECIAL_TOKENS

Tensors = dict[str, tuple[str, tuple[int, ...], bytes]]
"""Name to type, shape and data, as in a safetensors file."""

N_MERGES = 120


@dataclass(frozen=True, slots=True)
class Recipe:
    """What kind of checkpoint to make.

    `extra` goes into its config.json, `settings` into its tokenizer_config.json, `generation` is
    its generation_config.json; `words` are tokens that were added to the vocabulary as plain text.
    """

    name: str
    dtype: str = "BF16"
    is_tied: bool = True
    n_files: int = 1
    n_layers: int = 2
    n_embd: int = 64
    n_ff: int = 160
    n_heads: int = 4
    n_kv_heads: int = 2
    n_spare: int = 0
    seed: int = 1
    card: str = ""
    extra: tuple[tuple[str, Any], ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()
    generation: tuple[tuple[str, Any], ...] = ()
    words: tuple[str, ...] = ()


def make_checkpoint(folder: Path, recipe: Recipe, tokenizer: dict[str, Any] | None = None) -> Path:
    """Write the checkpoint to `folder`, with the small tokenizer unless another is given."""
    folder.mkdir(parents=True)
    vocabulary = tokenizer or small_tokenizer()
    n_tokens = len(vocabulary["model"]["vocab"])
    for number, word in enumerate(recipe.words, n_tokens):
        added = {**vocabulary["added_tokens"][0], "normalized": True, "special": False}
        vocabulary["added_tokens"].append({**added, "id": number, "content": word})
    n_vocab = n_tokens + len(recipe.words) + recipe.n_spare
    _write_json(folder / "config.json", config(recipe, n_vocab))
    _write_json(folder / "tokenizer.json", vocabulary)
    end = SPECIAL_TOKENS[0]
    _write_json(
        folder / "tokenizer_config.json",
        {
            "bos_token": end,
            "eos_token": {"__type": "AddedToken", "content": end},
            "unk_token": end,
            "tokenizer_class": "PreTrainedTokenizerFast",
            **dict(recipe.settings),
        },
    )
    if recipe.generation:
        _write_json(folder / "generation_config.json", dict(recipe.generation))
    if recipe.card:
        (folder / "README.md").write_text(recipe.card, encoding="utf-8")
    _write_weights(folder, weights(recipe, n_vocab), recipe.n_files)
    return folder


def make_adapter(folder: Path, recipe: Recipe, rank: int = 4, **settings: object) -> Path:
    """Write a LoRA adapter for such a checkpoint, as PEFT saves it; `settings` change its own."""
    folder.mkdir(parents=True)
    _write_json(
        folder / "adapter_config.json",
        {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": "bigcode/starcoder2-3b",
            "r": rank,
            "lora_alpha": 16,
            "bias": "none",
            "target_modules": ["q_proj", "v_proj", "c_fc"],
            "use_dora": False,
            "use_rslora": False,
            **settings,
        },
    )
    random = np.random.default_rng(recipe.seed)
    tensors: Tensors = {}
    for name, (_, shape, _) in weights(recipe, 1).items():
        layer = name.removesuffix(".weight")
        if layer.endswith(("q_proj", "v_proj", "c_fc")):
            rows, columns = shape
            for half, size in (("A", (rank, columns)), ("B", (rows, rank))):
                found = _random(random, size, recipe.dtype, 0.0)
                tensors[f"base_model.model.{layer}.lora_{half}.weight"] = found
    (folder / "adapter_model.safetensors").write_bytes(safetensors(tensors))
    if recipe.card:
        (folder / "README.md").write_text(recipe.card, encoding="utf-8")
    return folder


def config(recipe: Recipe, n_vocab: int) -> dict[str, Any]:
    return {
        "architectures": ["Starcoder2ForCausalLM"],
        "model_type": "starcoder2",
        "vocab_size": n_vocab,
        "hidden_size": recipe.n_embd,
        "intermediate_size": recipe.n_ff,
        "num_hidden_layers": recipe.n_layers,
        "num_attention_heads": recipe.n_heads,
        "num_key_value_heads": recipe.n_kv_heads,
        "max_position_embeddings": 512,
        "norm_epsilon": 1e-5,
        "rope_theta": 999999.4420358813,
        "hidden_act": "gelu_pytorch_tanh",
        "use_bias": True,
        "tie_word_embeddings": recipe.is_tied,
        "bos_token_id": 0,
        "eos_token_id": 0,
        **dict(recipe.extra),
    }


def weights(recipe: Recipe, n_vocab: int) -> Tensors:
    """Random weights, small enough for a model that computes with finite numbers."""
    random = np.random.default_rng(recipe.seed)
    n_kv = recipe.n_embd // recipe.n_heads * recipe.n_kv_heads
    shapes = {"model.embed_tokens": (n_vocab, recipe.n_embd), "model.norm": (recipe.n_embd,)}
    if not recipe.is_tied:
        shapes["lm_head"] = (n_vocab, recipe.n_embd)
    for layer in range(recipe.n_layers):
        for part, shape in {
            "input_layernorm": (recipe.n_embd,),
            "self_attn.q_proj": (recipe.n_embd, recipe.n_embd),
            "self_attn.k_proj": (n_kv, recipe.n_embd),
            "self_attn.v_proj": (n_kv, recipe.n_embd),
            "self_attn.o_proj": (recipe.n_embd, recipe.n_embd),
            "post_attention_layernorm": (recipe.n_embd,),
            "mlp.c_fc": (recipe.n_ff, recipe.n_embd),
            "mlp.c_proj": (recipe.n_embd, recipe.n_ff),
        }.items():
            shapes[f"model.layers.{layer}.{part}"] = shape
    tensors: Tensors = {}
    for name, shape in shapes.items():
        tensors[f"{name}.weight"] = _random(random, shape, recipe.dtype, 1.0 * (len(shape) == 1))
        if name not in ("model.embed_tokens", "lm_head"):
            tensors[f"{name}.bias"] = _random(random, shape[:1], recipe.dtype, 0.0)
    return tensors


def _random(
    random: np.random.Generator, shape: tuple[int, ...], dtype: str, mean: float
) -> tuple[str, tuple[int, ...], bytes]:
    # Whole numbers by powers of two: the same on every machine.
    numbers = (mean + random.integers(-(1 << 20), 1 << 20, shape) / (1 << 22)).astype("<f4")
    return dtype, shape, as_bytes(numbers, dtype)


def as_bytes(numbers: NDArray[np.float32], dtype: str) -> bytes:
    """The numbers as `dtype`, cut off rather than rounded for BF16."""
    if dtype == "BF16":
        return (numbers.view("<u4") >> 16).astype("<u2").tobytes()
    return numbers.astype("<f2" if dtype == "F16" else "<f4").tobytes()


def safetensors(tensors: Tensors) -> bytes:
    """A whole safetensors file."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape, data) in tensors.items():
        offsets = [end, end := end + len(data)]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}
    content = json.dumps(header, separators=(",", ":")).encode()
    content += b" " * (-len(content) % 8)
    data = b"".join(data for *_, data in tensors.values())
    return struct.pack("<Q", len(content)) + content + data


def _write_weights(folder: Path, tensors: Tensors, n_files: int) -> None:
    if n_files == 1:
        (folder / "model.safetensors").write_bytes(safetensors(tensors))
        return
    listed: dict[str, str] = {}
    names = list(tensors)
    for number in range(n_files):
        file = f"model-{number + 1:05d}-of-{n_files:05d}.safetensors"
        part = {name: tensors[name] for name in names[number::n_files]}
        (folder / file).write_bytes(safetensors(part))
        listed |= dict.fromkeys(part, file)
    _write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": listed})


def small_tokenizer() -> dict[str, Any]:
    """StarCoder2's special tokens, the 256 bytes and some merges of them."""
    letters = _byte_letters()
    tokens = [*SPECIAL_TOKENS, *letters]
    pairs = [(a, b) for a in "etaoins" for b in "etaoinshrdlu "]
    merges = [f"{a} {b}" for a, b in pairs if b != " "][:N_MERGES]
    tokens += [merge.replace(" ", "") for merge in merges]
    return tokenizer_of(tokens, merges)


def tokenizer_of(tokens: list[str], merges: list[str]) -> dict[str, Any]:
    """A tokenizer.json that splits text as StarCoder2's does."""
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    bytes_level = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": text, **special, "special": True}
            for number, text in enumerate(tokens[: len(SPECIAL_TOKENS)])
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                {**bytes_level, "add_prefix_space": False},
            ],
        },
        "post_processor": {**bytes_level, "add_prefix_space": True},
        "decoder": {**bytes_level, "add_prefix_space": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {text: number for number, text in enumerate(tokens)},
            "merges": merges,
        },
    }


def _byte_letters() -> list[str]:
    """The letter that stands for each byte in byte-level BPE: itself, if it can be printed."""
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printed]
    letters = {byte: chr(byte) for byte in printed}
    letters |= {byte: chr(256 + number) for number, byte in enumerate(others)}
    return [letters[byte] for byte in range(256)]


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
