"""The metadata of a StarCoder2 GGUF file that follows from its shape and its tokenizer.

Names and order are those of llama.cpp's converter. It leaves out the ids of the fill-in-the-middle
tokens: llama.cpp then does not know StarCoder2's `<repo_name>` and `<file_sep>`.
"""

from __future__ import annotations

import gguf

from quantize.shape import Rope, Shape
from quantize.tokenizer import PRE_TOKENIZER, Tokenizer


def add_model_keys(writer: gguf.GGUFWriter, shape: Shape) -> None:
    """Sizes, rotary positions and norm of the model."""
    writer.add_block_count(shape.n_layers)
    writer.add_context_length(shape.n_ctx)
    writer.add_embedding_length(shape.n_embd)
    writer.add_feed_forward_length(shape.n_ff)
    writer.add_head_count(shape.n_heads)
    writer.add_head_count_kv(shape.n_kv_heads)
    _add_rope_scaling(writer, shape.rope)
    writer.add_rope_freq_base(shape.rope.theta)
    writer.add_layer_norm_eps(shape.norm_epsilon)
    if shape.head_size is not None:
        writer.add_key_length(shape.head_size)
        writer.add_value_length(shape.head_size)


def _add_rope_scaling(writer: gguf.GGUFWriter, rope: Rope) -> None:
    if rope.kind == "default":
        return
    is_linear = rope.kind == "linear"
    kind = gguf.RopeScalingType.LINEAR if is_linear else gguf.RopeScalingType.YARN
    writer.add_rope_scaling_type(kind)
    writer.add_rope_scaling_factor(rope.scaling["factor"])
    if is_linear:
        return
    writer.add_rope_scaling_orig_ctx_len(rope.scaling["original_max_position_embeddings"])
    for key, add in {
        "extrapolation_factor": writer.add_rope_scaling_yarn_ext_factor,
        "attention_factor": writer.add_rope_scaling_yarn_attn_factor,
        "beta_fast": writer.add_rope_scaling_yarn_beta_fast,
        "beta_slow": writer.add_rope_scaling_yarn_beta_slow,
    }.items():
        if rope.scaling.get(key) is not None:
            add(rope.scaling[key])


def add_tokenizer_keys(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    """Vocabulary, merges and special tokens, the fill-in-the-middle ones last."""
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER)
    writer.add_token_list(list(tokenizer.tokens))
    writer.add_token_types(list(tokenizer.types))
    writer.add_token_merges(list(tokenizer.merges))
    for kind, number in tokenizer.special_ids.items():
        add_id = getattr(writer, f"add_{kind}_token_id", None)
        if add_id is not None:
            add_id(number)
    for kind, is_added in tokenizer.is_added.items():
        getattr(writer, f"add_add_{kind}_token")(is_added)
    if tokenizer.chat_template is not None:
        writer.add_chat_template(tokenizer.chat_template)
    for kind, number in tokenizer.fim_ids.items():
        writer.add_uint32(f"tokenizer.ggml.{kind}_token_id", number)
