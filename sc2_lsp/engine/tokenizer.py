"""The tokenizer of StarCoder2's family in plain Python, from a model's vocabulary, without weights.

For servers of other programs, some of which take text apart for nobody. Byte-level
BPE: each number char alone, then GPT-2's split into words, then the merges of the vocabulary
(arXiv 2402.19173 §3; the split is that of llama.cpp's `starcoder`). Knows no special token in text.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import pairwise
from pathlib import Path

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.header import HeaderError, read_texts
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS, SPECIAL_TOKENS

TOKENS_KEY = "tokenizer.ggml.tokens"
MERGES_KEY = "tokenizer.ggml.merges"
_KNOWN_WORDS = 1 << 16
# Two threads that want the same at once would else have one each.
_reading = threading.Lock()
_LONGEST_KNOWN_WORD = 64
# From here on there are ideographs, of which some mean numbers but are letters, and private chars.
_FIRST_WITHOUT_NUMBERS = 0x20000
# What Unicode calls white space; `\s` has four control chars more.
_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Between numbers `\w` is a letter or an underscore, which is none.
_WORD = re.compile(
    rf"'(?:s|t|re|ve|m|ll|d)| ?[^\W_]+| ?(?:[^\w{_SPACE}]|_)+"
    rf"|[{_SPACE}]+(?![^{_SPACE}])|[{_SPACE}]+"
)


class Tokenizer:
    """The tokens of texts and back, by the `tokens` and `merges` of the GGUF file, in order.

    Raises ValueError where the special tokens are others than StarCoder2's.
    """

    def __init__(self, tokens: Sequence[str], merges: Sequence[str]) -> None:
        if tuple(tokens[:N_SPECIAL_TOKENS]) != SPECIAL_TOKENS:
            raise ValueError("no vocabulary of StarCoder2")
        chars = _chars_of_bytes()
        self._chars = chars
        self._bytes = {char: byte for byte, char in enumerate(chars)}
        self._texts = tokens
        self._ids = {text: token for token, text in enumerate(tokens)}
        self._ranks = {
            (left, right): rank
            for rank, (left, _, right) in enumerate(merge.partition(" ") for merge in merges)
        }
        self._number = re.compile(f"([{_number_chars()}])")
        self._words: dict[str, Tokens] = {}

    def tokenize(self, text: str) -> Tokens:
        """The tokens of `text`, special ones written in it taken as plain text."""
        found: list[int] = []
        for word in self._split(text):
            tokens = self._words.get(word)
            if tokens is None:
                tokens = tuple(self._word(word))
                if len(word) <= _LONGEST_KNOWN_WORD:
                    if len(self._words) >= _KNOWN_WORDS:
                        self._words.clear()
                    self._words[word] = tokens
            found += tokens
        return tuple(found)

    @property
    def n_tokens(self) -> int:
        """How many tokens the vocabulary has, special ones included."""
        return len(self._texts)

    def bytes_of(self, tokens: Sequence[int]) -> bytes:
        """The UTF-8 that `tokens` stand for, special ones written out; other ids stand for none."""
        return b"".join(map(self._bytes_of, tokens))

    def _bytes_of(self, token: int) -> bytes:
        if not 0 <= token < len(self._texts):
            return b""
        text = self._texts[token]
        if token < N_SPECIAL_TOKENS:
            return text.encode()
        return bytes(self._bytes[char] for char in text if char in self._bytes)

    def _split(self, text: str) -> Iterator[str]:
        for number, part in enumerate(self._number.split(text)):
            if number % 2:
                yield part
            elif part:
                yield from _WORD.findall(part)

    def _word(self, word: str) -> Iterator[int]:
        symbols = self._merged([self._chars[byte] for byte in word.encode("utf-8", "replace")])
        for symbol in symbols:
            token = self._ids.get(symbol)
            # A byte that is no token of its own is part of no UTF-8 text.
            for text in [symbol] if token is not None else symbol:
                if text in self._ids:
                    yield self._ids[text]

    def _merged(self, symbols: list[str]) -> list[str]:
        """The pair of the lowest rank, and of those the leftmost, is merged until none has one.

        A heap, as a line without any break may hold a whole program.
        """
        behind = [*range(1, len(symbols)), -1]
        before = [*range(-1, len(symbols) - 1)]
        heap = [
            (self._ranks[pair], at, *pair)
            for at, pair in enumerate(pairwise(symbols))
            if pair in self._ranks
        ]
        heapify(heap)
        while heap:
            _, at, left, right = heappop(heap)
            end = behind[at]
            if end < 0 or symbols[at] != left or symbols[end] != right:
                continue
            symbols[at], symbols[end] = left + right, ""
            behind[at] = following = behind[end]
            if following >= 0:
                before[following] = at
            for start, stop in ((before[at], at), (at, following)):
                if start >= 0 and stop >= 0:
                    pair = (symbols[start], symbols[stop])
                    if pair in self._ranks:
                        heappush(heap, (self._ranks[pair], start, *pair))
        return [symbol for symbol in symbols if symbol]


def tokenizer_of(path: Path) -> Tokenizer:
    """The tokenizer whose vocabulary the GGUF file at `path` holds; takes tenths of a second.

    For all who ask it is the same one, in memory once. Raises HeaderError.
    """
    with _reading:
        return _tokenizer_of(path)


def is_known(text: str) -> bool:
    """Whether Python knows all chars of `text`: it cannot tell whether others are letters."""
    return text.isascii() or all(unicodedata.category(char) != "Cn" for char in set(text))


@lru_cache(maxsize=2)
def _tokenizer_of(path: Path) -> Tokenizer:
    texts = read_texts(path, (TOKENS_KEY, MERGES_KEY))
    try:
        return Tokenizer(texts[TOKENS_KEY], texts[MERGES_KEY])
    except (KeyError, ValueError):
        raise HeaderError(f"{path} holds no vocabulary of StarCoder2.") from None


def _chars_of_bytes() -> list[str]:
    """The char that stands for each byte in a byte-level vocabulary.

    Printable chars of Latin-1 stand for themselves, the other bytes for chars from U+0100 on.
    """
    chars, n_others = [], 0
    for byte in range(256):
        if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or byte >= 0xAE:
            chars.append(chr(byte))
        else:
            chars.append(chr(0x100 + n_others))
            n_others += 1
    return chars


@lru_cache(maxsize=1)
def _number_chars() -> str:
    """All chars of Unicode's category N, for a character class."""
    chars = filter(str.isnumeric, map(chr, range(_FIRST_WITHOUT_NUMBERS)))
    return "".join(char for char in chars if unicodedata.category(char)[0] == "N")
