"""Trains the byte-level BPE of the bundled model on the training corpus.

StarCoder2's pre-tokenizer (every digit alone, then GPT-2's pattern) and its 38 control tokens at
ids 0 to 37. Text is always encoded with `encode_special_tokens` set, so `<file_sep>` written in a
file stays text.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from sc2_lsp.vocabulary import SPECIAL_TOKENS
from training.corpus import load_corpus

VOCABULARY_SIZE = 8192


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work-dir", type=Path, required=True)
    args = parser.parse_args()
    tokenizer = new_tokenizer()
    texts = (f.text for f in load_corpus(args.work_dir / "corpus.jsonl") if not f.held_out)
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY_SIZE,
            special_tokens=list(SPECIAL_TOKENS),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            max_token_length=24,
        ),
    )
    ids = [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS]
    if ids != list(range(len(SPECIAL_TOKENS))):
        raise SystemExit(f"the control tokens did not get the ids 0 to 37: {ids}")
    tokenizer.save(str(args.work_dir / "tokenizer.json"))
    print(f"{tokenizer.get_vocab_size()} tokens")


def new_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """The trained tokenizer, set to leave control tokens that stand in text as text."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True
    return tokenizer


if __name__ == "__main__":
    main()
