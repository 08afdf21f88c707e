"""A GGUF file of StarCoder2's architecture as a checkpoint that vLLM loads, in 32-bit floats."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, dequantize

from sc2_lsp.vocabulary import N_SPECIAL_TOKENS

_IN_BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_up": "mlp.c_fc",
    "ffn_down": "mlp.c_proj",
}
_OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def write_checkpoint(gguf: Path, folder: Path) -> None:
    """Write weights, configuration and tokenizer into `folder`, which is there."""
    reader = GGUFReader(gguf)
    weights = {
        _name(str(tensor.name)): dequantize(tensor.data, tensor.tensor_type)
        .astype(np.float32)
        .reshape([int(size) for size in reversed(tensor.shape)])
        for tensor in reader.tensors
    }
    _write_weights(folder / "model.safetensors", weights)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    _write(folder / "config.json", _config(fields, tied="lm_head.weight" not in weights))
    tokens = fields["tokenizer.ggml.tokens"]
    _write(folder / "tokenizer.json", _tokenizer(tokens, fields["tokenizer.ggml.merges"]))
    ends = {"bos_token": tokens[0], "eos_token": tokens[0], "unk_token": tokens[0]}
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **ends})


def _name(name: str) -> str:
    if found := re.fullmatch(r"blk\.(\d+)\.(\w+)\.(\w+)", name):
        return f"model.layers.{found[1]}.{_IN_BLOCK[found[2]]}.{found[3]}"
    place, kind = name.split(".")
    return f"{_OUTSIDE[place]}.{kind}"


def _write_weights(path: Path, weights: dict[str, Any]) -> None:
    """The format of safetensors: the length of a header, the header, the numbers."""
    header, end = {}, 0
    for name, array in weights.items():
        start, end = end, end + array.nbytes
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [start, end]}
    content = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    with path.open("wb") as file:
        file.write(len(content).to_bytes(8, "little") + content)
        for array in weights.values():
            file.write(array.tobytes())


def _config(fields: dict[str, Any], tied: bool) -> dict[str, Any]:
    theta = float(fields["starcoder2.rope.freq_base"])
    return {
        "architectures": ["Starcoder2ForCausalLM"],
        "model_type": "starcoder2",
        "vocab_size": len(fields["tokenizer.ggml.tokens"]),
        "hidden_size": fields["starcoder2.embedding_length"],
        "intermediate_size": fields["starcoder2.feed_forward_length"],
        "num_hidden_layers": fields["starcoder2.block_count"],
        "num_attention_heads": fields["starcoder2.attention.head_count"],
        "num_key_value_heads": fields["starcoder2.attention.head_count_kv"],
        "norm_epsilon": float(fields["starcoder2.attention.layer_norm_epsilon"]),
        "rope_theta": theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": theta},
        "max_position_embeddings": fields["starcoder2.context_length"],
        "hidden_act": "gelu_pytorch_tanh",
        "use_bias": True,
        "sliding_window": None,
        "tie_word_embeddings": tied,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "dtype": "float32",
    }


def _tokenizer(tokens: list[str], merges: list[str]) -> dict[str, Any]:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    by_bytes = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    by_bytes["trim_offsets"] = True
    digits = {"type": "Digits", "individual_digits": True}
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": token, "content": text, "special": True, **plain}
            for token, text in enumerate(tokens[:N_SPECIAL_TOKENS])
        ],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, by_bytes]},
        "decoder": by_bytes,
        "model": {
            "type": "BPE",
            "vocab": {text: token for token, text in enumerate(tokens)},
            "merges": [merge.split(" ", 1) for merge in merges],
        },
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
