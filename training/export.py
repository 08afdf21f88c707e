"""Writes a training checkpoint as a GGUF file that llama.cpp runs as StarCoder2.

The tokenizer, the 38 control tokens and the fill-in-the-middle ids, `<repo_name>` and `<file_sep>`
among them, travel in the file's metadata. Matrices get the chosen quantization type, norms and
biases stay F32. Rotary positions use the halves layout on both sides, so queries and keys are not
permuted. The file is written beside its target, read back, then renamed: a reader never sees half
of it.

With `--hf-dir` the same weights are also saved for transformers (`Starcoder2ForCausalLM`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
import torch
from torch import Tensor

from sc2_lsp.vocabulary import (
    ENDOFTEXT,
    FILE_SEP,
    FIM_MIDDLE,
    FIM_PAD,
    FIM_PREFIX,
    FIM_SUFFIX,
    REPO_NAME,
    SPECIAL_TOKENS,
)
from training.model import Shape, Tiny

TYPES = {
    "F16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "BF16": (gguf.GGMLQuantizationType.BF16, gguf.LlamaFileType.MOSTLY_BF16),
    "Q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "Q5_1": (gguf.GGMLQuantizationType.Q5_1, gguf.LlamaFileType.MOSTLY_Q5_1),
    "Q4_0": (gguf.GGMLQuantizationType.Q4_0, gguf.LlamaFileType.MOSTLY_Q4_0),
}
MAX_BYTES = 20_000_000
LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}
DESCRIPTION = (
    "A 6.4 M parameter model of the StarCoder2 architecture, trained from scratch on permissively "
    "licensed Python: for trying sc2-lsp and for its tests, no substitute for StarCoder2-3B."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--type", choices=sorted(TYPES), default="Q8_0")
    parser.add_argument(
        "--fim-layout", choices=["psm", "spm"], default="psm", help="which is better"
    )
    parser.add_argument("--hf-dir", type=Path, help="also save for transformers")
    args = parser.parse_args()

    shape = Shape()
    state = torch.load(args.checkpoint, weights_only=True)
    vocabulary = json.loads(args.tokenizer.read_text(encoding="utf-8"))["model"]
    beside = args.out.with_suffix(".tmp")
    write(beside, shape, state["model"], vocabulary, args.type, args.fim_layout)
    check(beside, shape)
    beside.replace(args.out)
    print(
        f"{args.out.name}: {state['tokens'] / 1e6:.1f} M tokens seen, "
        f"{args.out.stat().st_size} bytes"
    )
    if args.hf_dir:
        save_for_transformers(args.hf_dir, shape, state["model"])


def write(
    path: Path,
    shape: Shape,
    weights: dict[str, Tensor],
    vocabulary: dict,
    kind: str,
    fim_layout: str,
) -> None:
    quantization, file_type = TYPES[kind]
    writer = gguf.GGUFWriter(path, "starcoder2")
    add_model_keys(writer, shape)
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    add_tokenizer_keys(writer, vocabulary)
    # A key of ours: the order of prefix and suffix in which this model was measured to be better.
    writer.add_string("sc2.fim_layout", fim_layout)
    for name, tensor in named_tensors(weights):
        data = tensor.float().numpy()
        if data.ndim == 1:
            writer.add_tensor(name, data)
        else:
            packed = gguf.quants.quantize(data, quantization)
            writer.add_tensor(name, packed, raw_dtype=quantization)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_model_keys(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name("sc2-tiny")
    writer.add_size_label("6.4M")
    writer.add_description(DESCRIPTION)
    writer.add_license("apache-2.0")
    writer.add_context_length(shape.max_position_embeddings)
    writer.add_embedding_length(shape.hidden_size)
    writer.add_block_count(shape.num_hidden_layers)
    writer.add_feed_forward_length(shape.intermediate_size)
    writer.add_head_count(shape.num_attention_heads)
    writer.add_head_count_kv(shape.num_key_value_heads)
    writer.add_layer_norm_eps(shape.norm_epsilon)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_rope_dimension_count(shape.head_size)


def add_tokenizer_keys(writer: gguf.GGUFWriter, vocabulary: dict) -> None:
    """Vocabulary and merges from the `model` object of a tokenizer.json."""
    tokens = sorted(vocabulary["vocab"], key=vocabulary["vocab"].__getitem__)
    if tuple(tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
        raise SystemExit("the vocabulary does not start with StarCoder2's control tokens")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("starcoder")
    writer.add_token_list(tokens)
    writer.add_token_types(
        [
            gguf.TokenType.CONTROL if i < len(SPECIAL_TOKENS) else gguf.TokenType.NORMAL
            for i in range(len(tokens))
        ]
    )
    writer.add_token_merges(
        [m if isinstance(m, str) else " ".join(m) for m in vocabulary["merges"]]
    )
    writer.add_bos_token_id(ENDOFTEXT)
    writer.add_eos_token_id(ENDOFTEXT)
    writer.add_unk_token_id(ENDOFTEXT)
    writer.add_add_bos_token(False)
    for key, token in {
        "prefix_token_id": FIM_PREFIX,
        "suffix_token_id": FIM_SUFFIX,
        "middle_token_id": FIM_MIDDLE,
        "fim_pre_token_id": FIM_PREFIX,
        "fim_suf_token_id": FIM_SUFFIX,
        "fim_mid_token_id": FIM_MIDDLE,
        "fim_pad_token_id": FIM_PAD,
        "fim_rep_token_id": REPO_NAME,
        "fim_sep_token_id": FILE_SEP,
    }.items():
        writer.add_uint32(f"tokenizer.ggml.{key}", token)


def named_tensors(weights: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The weights under llama.cpp's names; the output matrix is the embedding, written once."""
    yield "token_embd.weight", weights["model.embed_tokens.weight"]
    yield "output_norm.weight", weights["model.norm.weight"]
    yield "output_norm.bias", weights["model.norm.bias"]
    for name, tensor in weights.items():
        if not name.startswith("model.layers."):
            continue
        layer, rest = name.removeprefix("model.layers.").split(".", 1)
        part, kind = rest.rsplit(".", 1)
        yield f"blk.{layer}.{LAYER_NAMES[part]}.{kind}", tensor


def check(path: Path, shape: Shape) -> None:
    """Reads the file back; SystemExit if it is too large or a tensor is missing or not finite."""
    reader = gguf.GGUFReader(path)
    expected = 3 + 16 * shape.num_hidden_layers
    if len(reader.tensors) != expected:
        raise SystemExit(f"{len(reader.tensors)} tensors instead of {expected}")
    for tensor in reader.tensors:
        if not np.isfinite(gguf.quants.dequantize(tensor.data, tensor.tensor_type)).all():
            raise SystemExit(f"{tensor.name} holds a number that is not finite")
    if path.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{path.stat().st_size} bytes are more than {MAX_BYTES}")


def save_for_transformers(folder: Path, shape: Shape, weights: dict[str, Tensor]) -> None:
    """Saves `Starcoder2ForCausalLM` and checks that it gives the logits of the training model."""
    from transformers import Starcoder2ForCausalLM

    theirs = Starcoder2ForCausalLM(shape.config()).eval()
    missing, unexpected = theirs.load_state_dict(weights, strict=False)
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise SystemExit(f"transformers does not take the weights: {missing} {unexpected}")
    theirs.tie_weights()
    ours = Tiny(shape).eval()
    ours.load_state_dict(weights)
    ids = torch.randint(38, shape.vocab_size, (2, 300), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        difference = float((theirs(ids).logits - ours(ids)).abs().max())
    if difference > 1e-3:
        raise SystemExit(f"the logits differ from transformers by {difference}")
    theirs.save_pretrained(folder)
    print(f"saved for transformers; largest difference of the logits: {difference:.1e}")


if __name__ == "__main__":
    main()
