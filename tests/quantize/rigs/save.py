"""Saves a checkpoint as transformers does, and its logits: rig's Python, not the project's.

    python save.py SEED FOLDER DTYPE SHARD_SIZE LOGITS IDS

SEED has a configuration and a tokenizer; the weights are new and random.
"""

import json
import sys

import numpy as np
import torch
from transformers import AutoConfig, AutoTokenizer, Starcoder2ForCausalLM


def main() -> None:
    seed, folder, dtype, shard_size, logits, ids = sys.argv[1:]
    torch.manual_seed(1)
    model = Starcoder2ForCausalLM(AutoConfig.from_pretrained(seed))
    # Biases and norms begin as zeros and ones, which would hide a wrong name. All are small,
    # because llama.cpp takes GELU from a table in float16.
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, mean=float(parameter.ndim == 1), std=0.04)
    model.to(getattr(torch, dtype)).save_pretrained(folder, max_shard_size=shard_size)
    AutoTokenizer.from_pretrained(seed).save_pretrained(folder)
    model = Starcoder2ForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        found = model(torch.tensor([json.loads(ids)])).logits[0]
    np.save(logits, found.numpy())


if __name__ == "__main__":
    main()
