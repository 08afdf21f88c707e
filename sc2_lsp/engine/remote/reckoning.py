"""Makes tokens here for a server whose model has been seen to have a vocabulary of this machine.

Which one that may be is told by its size; that it is, by a text that both take apart alike. The
text is ours and the same for everybody. Each probe compares some more of the vocabulary, until
all of it was compared, and one difference ends it: from then on the server is asked for all tokens.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.header import HeaderError, count_elements
from sc2_lsp.engine.remote.proof import PLAIN_TEXT
from sc2_lsp.engine.remote.protocol import Served, ServerError
from sc2_lsp.engine.remote.words import OwnWords
from sc2_lsp.engine.tokenizer import TOKENS_KEY, Tokenizer, is_known, tokenizer_of
from sc2_lsp.ports import Clock
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS

Places = Callable[[], Sequence[Path]]
"""The GGUF files of this machine whose vocabularies may serve, the likeliest first."""

FRESH_S = 10.0
"""How long after a probe its server is taken to have the model that it had: two probes' time."""

# Tokens whose texts are compared: at first, and at each probe.
_N_PROVED = 1000
_N_SAMPLED = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, and the tokens that it has by the vocabulary of this machine."""

    text: str
    tokens: Tokens


NO_SAMPLE = Sample("", ())


class Reckoning:
    """Owns what one server's vocabulary was seen to be. Belongs to one event loop."""

    def __init__(self, places: Places, clock: Clock = time.monotonic) -> None:
        self._places = places
        self._clock = clock
        self._met: tuple[Served, tuple[Path, ...]] | None = None
        self._tokenizer: Tokenizer | None = None
        self._proving: asyncio.Task[None] | None = None
        self._seen_s = clock()
        self._n_samples = 0

    def meet(self, served: Served, ask: Callable[[str], Awaitable[Tokens]]) -> None:
        """Find out, in the background, whether the model just seen has a vocabulary of here.

        `ask` has the server take a text apart, control tokens in it as text.
        """
        self._seen_s = self._clock()
        met = (served, tuple(dict.fromkeys(self._places())))
        if met == self._met:
            return
        self.forget()
        self._met, self._n_samples = met, 0
        self._proving = asyncio.ensure_future(self._prove(*met, ask))

    def sample(self, served: Served) -> Sample:
        """What the server is to take apart beside the proof that `served` is StarCoder2."""
        if self._tokenizer is None or self._met is None or self._met[0] != served:
            return NO_SAMPLE
        self._n_samples += 1
        return _sample(self._tokenizer, _N_SAMPLED, self._n_samples)

    def refute(self) -> None:
        """A sample was taken apart otherwise: this model is asked for tokens from now on."""
        self._tokenizer = None

    def forget(self) -> None:
        """Another model may be there: nothing is known of it."""
        if self._proving is not None:
            self._proving.cancel()
        self._met = self._tokenizer = self._proving = None

    async def tokens(self, text: str) -> Tokens | None:
        """The tokens of `text`; None where the server has to be asked, as before it has proved."""
        tokenizer = self._tokenizer
        if tokenizer is None or self._clock() - self._seen_s >= FRESH_S or not is_known(text):
            return None
        # The texts of a file come all at once: others are let in between.
        await asyncio.sleep(0)
        return await OwnWords(tokenizer).tokenize(text)

    async def close(self) -> None:
        proving = self._proving
        self.forget()
        if proving is not None:
            await asyncio.wait({proving})

    async def _prove(
        self, served: Served, places: Sequence[Path], ask: Callable[[str], Awaitable[Tokens]]
    ) -> None:
        try:
            for place in places:
                tokenizer = await asyncio.to_thread(_tokenizer_of_size, place, served.n_vocab)
                if tokenizer is None:
                    continue
                proof = await asyncio.to_thread(_sample, tokenizer, _N_PROVED, first=PLAIN_TEXT)
                if await ask(proof.text) == proof.tokens:
                    self._tokenizer = tokenizer
                    return
        except ServerError:
            # The next probe meets it anew.
            self._met = None


def _tokenizer_of_size(place: Path, n_vocab: int) -> Tokenizer | None:
    """That of the file, where it is there and has so many tokens."""
    try:
        if not n_vocab or count_elements(place, TOKENS_KEY) != n_vocab:
            return None
        return tokenizer_of(place)
    except HeaderError:
        return None


def _sample(tokenizer: Tokenizer, n_sampled: int, number: int = 0, first: str = "sample") -> Sample:
    """Behind `first` the texts of `n_sampled` tokens or more, from all over the vocabulary.

    Of others for each `number`, until all were there.
    """
    stride = max(1, (tokenizer.n_tokens - N_SPECIAL_TOKENS) // n_sampled)
    lines = [first]
    for token in range(N_SPECIAL_TOKENS + number % stride, tokenizer.n_tokens, stride):
        try:
            lines.append(tokenizer.bytes_of([token]).decode())
        except UnicodeDecodeError:
            # A part of a char, which no text holds by itself.
            continue
    text = "\n".join(filter(is_known, lines))
    return Sample(text, tokenizer.tokenize(text))
