"""Tokenizes documents and packs them into rows of one length, kept as a NumPy file of uint16.

Every row starts with whole documents and ends with the beginning of one that did not fit, or with
`<fim_pad>`, which the loss ignores, where little room is left. Every epoch draws its own chunks,
context and cut points, so a file is never cut the same way twice.
"""

from __future__ import annotations

import argparse
import bisect
import random
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from sc2_lsp.vocabulary import FIM_PAD
from training.corpus import SourceFile, load_corpus
from training.documents import Mix, Segment, package_documents
from training.tokenizer import load_tokenizer

# What a small model learns last is to look back from `<fim_middle>` to the end of the prefix, and
# the number of middles teaches that: hence many small documents, tiny ones for a while.
MIXES = {
    "tiny": Mix(
        length=1024,
        target_chars=(60, 600),
        document_chars=900,
        snippet_chars=(100, 300),
        context_share=0.15,
        target_fim_share=0.95,
        snippet_fim_share=0.7,
        spm_share=0.15,
        uniform_share=0.1,
        one_line_share=0.75,
        break_share=0.5,
    ),
    "short": Mix(
        length=1024,
        target_chars=(100, 1700),
        document_chars=2000,
        snippet_chars=(200, 700),
        context_share=0.4,
        target_fim_share=0.9,
        snippet_fim_share=0.4,
        spm_share=0.5,
        uniform_share=0.15,
        break_share=0.4,
    ),
    "long": Mix(
        length=4096,
        target_chars=(800, 7500),
        document_chars=11500,
        snippet_chars=(400, 2500),
        target_fim_share=0.85,
        snippet_fim_share=0.3,
        spm_share=0.5,
        uniform_share=0.15,
        break_share=0.2,
    ),
}
# Documents that wait for a row in which they fit; more of them waste less of a row.
POOL = 512
# Room in tokens that is worth the beginning of a document.
WORTH_FILLING = 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work-dir", type=Path, required=True)
    parser.add_argument("--mix", choices=sorted(MIXES), required=True)
    parser.add_argument("--epoch", type=int, required=True)
    parser.add_argument(
        "--part", type=int, default=0, help="which of --parts of the files to write"
    )
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument(
        "--held-out", action="store_true", help="the held-out packages, for the validation loss"
    )
    args = parser.parse_args()

    tokenizer = load_tokenizer(args.work_dir / "tokenizer.json")
    files = [f for f in load_corpus(args.work_dir / "corpus.jsonl") if f.held_out == args.held_out]
    mix = MIXES[args.mix]
    seed = f"{args.mix} {args.epoch}"
    documents = shuffled_documents(files, mix, seed, args.part, args.parts)
    rows = np.array(list(pack(encode(documents, tokenizer), mix.length)), dtype=np.uint16)
    kind = "valid" if args.held_out else "train"
    out = args.work_dir / f"{kind}-{args.mix}-e{args.epoch}-p{args.part}of{args.parts}.npy"
    np.save(out, rows)
    padding = float((rows == FIM_PAD).mean())
    print(
        f"{out.name}: {len(documents)} documents, {rows.size / 1e6:.1f} M tokens, "
        f"{padding:.1%} padding"
    )


def shuffled_documents(
    files: list[SourceFile], mix: Mix, seed: str, part: int, parts: int
) -> list[tuple[Segment, ...]]:
    packages: dict[str, list[SourceFile]] = {}
    for file in files:
        packages.setdefault(file.package, []).append(file)
    documents = [
        document
        for name, group in packages.items()
        for document in package_documents(group, mix, f"{seed} {name}", part, parts)
    ]
    random.Random(seed).shuffle(documents)
    return documents


def encode(documents: Iterable[tuple[Segment, ...]], tokenizer: Tokenizer) -> Iterator[list[int]]:
    """Token ids of each document; each text segment is tokenized by itself."""
    waiting = iter(documents)
    while batch := list(islice(waiting, 2000)):
        texts = [s for document in batch for s in document if isinstance(s, str)]
        ids = iter(tokenizer.encode_batch_fast(texts, add_special_tokens=False))
        for document in batch:
            tokens: list[int] = []
            for segment in document:
                if isinstance(segment, str):
                    tokens += next(ids).ids
                else:
                    tokens.append(segment)
            yield tokens


def pack(documents: Iterable[list[int]], length: int) -> Iterator[list[int]]:
    """Rows of `length` tokens: the longest waiting documents that still fit, then the beginning of
    the shortest.

    Documents longer than a row are dropped.
    """
    pool: list[tuple[int, int, list[int]]] = []
    source = ((len(d), i, d) for i, d in enumerate(documents) if len(d) <= length)
    while True:
        for item in islice(source, POOL - len(pool)):
            bisect.insort(pool, item)
        if not pool:
            return
        row: list[int] = []
        while pool and (at := bisect.bisect_left(pool, (length - len(row) + 1,))) > 0:
            row += pool.pop(at - 1)[2]
        if pool and length - len(row) >= WORTH_FILLING:
            row += pool.pop(0)[2][: length - len(row)]
        yield row + [FIM_PAD] * (length - len(row))


if __name__ == "__main__":
    main()
