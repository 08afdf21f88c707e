"""Checks a GGUF against its origin: tokenization against `tokenizers`, logits against transformers.

Prints the differences and ends with an error if a token id differs, or if the log-probabilities of
real code differ by more than quantization explains.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from training.corpus import load_corpus
from training.evaluate import Llama
from training.tokenizer import load_tokenizer

SAMPLES = (
    "def f(x):\n    return x + 1\n",
    "x = 1234567890 ** 2  # 3.14e-10\r\n\r\nif x:\r\n\tpass\r\n",
    "s = '🙂 naïve 你好 Привет ١٢٣ ½ Ⅷ é'\n",
    "<file_sep>a<|endoftext|><fim_middle> <NAME> <repo_name>",
    "   \n\t\n  trailing   \n\n\n\n        deep()\n",
    "it's we'll I'VE don't\u00a0nbsp\u3000wide \u200bzero",
    "",
    " ",
    "a" * 100 + "_" * 50 + "=" * 79,
)
MAX_DIFFERENCE = {"F16": 0.05, "Q8_0": 0.5}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work-dir", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--hf-dir", type=Path, required=True)
    parser.add_argument("--type", choices=sorted(MAX_DIFFERENCE), default="Q8_0")
    args = parser.parse_args()
    from transformers import Starcoder2ForCausalLM

    llama = Llama(args.model, threads=2)
    tokenizer = load_tokenizer(args.work_dir / "tokenizer.json")
    files = [f for f in load_corpus(args.work_dir / "corpus.jsonl") if f.held_out]
    texts = [*SAMPLES, *(f.text for f in files)]
    for text in texts:
        ours = tokenizer.encode(text, add_special_tokens=False).ids
        if llama.tokenize(text) != ours:
            raise SystemExit(f"llama.cpp tokenizes otherwise: {text[:80]!r}")
    print(f"tokenization is the same for {len(texts)} texts")

    theirs = Starcoder2ForCausalLM.from_pretrained(args.hf_dir, dtype=torch.float32).eval()
    ids = tokenizer.encode(files[0].text, add_special_tokens=False).ids[:1500]
    with torch.no_grad():
        expected = theirs(torch.tensor([ids])).logits[0].double().log_softmax(-1).numpy()
    table = llama.evaluate(ids, 0, len(ids))
    likely = expected > np.log(1e-3)
    difference = float(np.abs(table - expected)[likely].max())
    same = float((table.argmax(1) == expected.argmax(1)).mean())
    targets = np.array(ids[1:])
    losses = [-t[np.arange(len(targets)), targets].mean() for t in (table[:-1], expected[:-1])]
    print(
        f"{len(ids)} tokens: same best token in {same:.2%}, "
        f"largest difference {difference:.3f} nats"
    )
    print(f"loss {losses[0]:.4f} (llama.cpp), {losses[1]:.4f} (transformers)")
    if difference > MAX_DIFFERENCE[args.type]:
        raise SystemExit("the difference is larger than quantization explains")


if __name__ == "__main__":
    main()
