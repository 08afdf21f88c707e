"""Makes tokens here for a server whose model has been seen to have a vocabulary of this machine.

Which one that may be is told by its size; that it is, by a text that both take apart alike. The
text is ours and the same for everybody. Each probe compares another part of the vocabulary, all of
it in turn, and one difference ends it: from then on the server is asked for all tokens.
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

Ask = Callable[[str], Awaitable[Tokens]]
"""Has the server take a text apart, control tokens in it as text; raises ServerError."""

FRESH_S = 10.0
"""How long after a probe its server is taken to have the model that it had: two probes' time."""

WORTH_IT = 16
"""So many texts are asked of the server before a vocabulary is read and proved.

Fewer belong to the first suggestion of a session, which shall not wait for a processor.
"""

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
        self._ask: Ask | None = None
        self._n_asked = 0
        self._tokenizer: Tokenizer | None = None
        self._proving: asyncio.Task[None] | None = None
        self._seen_s = clock()
        self._n_samples = 0

    def meet(self, served: Served, ask: Ask) -> None:
        """This model was seen just now; whether its vocabulary is one of here, `ask` can tell."""
        self._seen_s = self._clock()
        met = (served, tuple(dict.fromkeys(self._places())))
        if met == self._met:
            return
        self.forget()
        self._met, self._ask = met, ask
        self._n_asked = self._n_samples = 0

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
        """The tokens of `text`; None where the server has to be asked."""
        tokenizer = self._tokenizer
        if tokenizer is None:
            self._consider()
            return None
        if self._clock() - self._seen_s >= FRESH_S or not is_known(text):
            return None
        # The texts of a file come all at once: others are let in between.
        await asyncio.sleep(0)
        return await OwnWords(tokenizer).tokenize(text)

    async def close(self) -> None:
        proving = self._proving
        self.forget()
        if proving is not None:
            await asyncio.wait({proving})

    def _consider(self) -> None:
        """Begin to find out, beside the requests, whether it is one of here, if that pays."""
        self._n_asked += 1
        if self._n_asked >= WORTH_IT and self._proving is None and self._met and self._ask:
            self._proving = asyncio.ensure_future(self._prove(*self._met, self._ask))

    async def _prove(self, served: Served, places: Sequence[Path], ask: Ask) -> None:
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

    Of others for each `number`; all are there in turn.
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
