"""The bundled model as the checkpoint that it came from: config, tokenizer and safetensors.

Its weights are the file's, which Q8_0 has rounded, as whole F32 numbers. What reads it are
`sc2-quantize` and vLLM.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from sc2_lsp.models import BUNDLED_MODEL
from tests.support.checkpoints import Tensors, safetensors, tokenizer_of

_PARTS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_up": "mlp.c_fc",
    "ffn_down": "mlp.c_proj",
}


def write_bundled_checkpoint(folder: Path) -> Path:
    """Write the checkpoint to `folder`, which is not there yet."""
    folder.mkdir(parents=True)
    reader = gguf.GGUFReader(BUNDLED_MODEL)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    tokens, merges = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.merges"]
    tensors: Tensors = {}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype("<f4")
        tensors[_name(tensor.name)] = ("F32", values.shape, np.ascontiguousarray(values).tobytes())
    (folder / "model.safetensors").write_bytes(safetensors(tensors))
    _write_json(folder / "tokenizer.json", tokenizer_of(tokens, merges))
    ends = dict.fromkeys(("bos_token", "eos_token", "unk_token"), tokens[0])
    _write_json(
        folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **ends}
    )
    sizes = {
        "hidden_size": "embedding_length",
        "intermediate_size": "feed_forward_length",
        "num_hidden_layers": "block_count",
        "num_attention_heads": "attention.head_count",
        "num_key_value_heads": "attention.head_count_kv",
        "max_position_embeddings": "context_length",
    }
    rope_theta = float(fields["starcoder2.rope.freq_base"])
    _write_json(
        folder / "config.json",
        {
            "architectures": ["Starcoder2ForCausalLM"],
            "model_type": "starcoder2",
            "vocab_size": len(tokens),
            **{name: fields[f"starcoder2.{key}"] for name, key in sizes.items()},
            "norm_epsilon": float(fields["starcoder2.attention.layer_norm_epsilon"]),
            # Transformers 4 reads the one, 5 the other.
            "rope_theta": rope_theta,
            "rope_parameters": {"rope_type": "default", "rope_theta": rope_theta},
            "hidden_act": "gelu_pytorch_tanh",
            "use_bias": True,
            "sliding_window": None,
            "dtype": "float32",
            "tie_word_embeddings": True,
            "bos_token_id": 0,
            "eos_token_id": 0,
        },
    )
    return folder


def _name(name: str) -> str:
    first, *rest = name.split(".")
    if first == "blk":
        layer, part, kind = rest
        return f"model.layers.{layer}.{_PARTS[part]}.{kind}"
    return {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}[first] + f".{rest[0]}"


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
