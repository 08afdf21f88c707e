"""Which texts are taken apart on this machine, and of which the server is asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from sc2_lsp.engine.header import read_texts
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.llama_server import LlamaServer
from sc2_lsp.engine.remote.protocol import Served, ServerError
from sc2_lsp.engine.remote.reckoning import FRESH_S, WORTH_IT, Reckoning, Sample
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.engine.remote.team import TeamEngine
from sc2_lsp.engine.remote.transport import Transport
from sc2_lsp.engine.tokenizer import MERGES_KEY, TOKENS_KEY, Tokenizer, tokenizer_of
from sc2_lsp.models import BUNDLED_MODEL, engine_spec
from sc2_lsp.settings import Settings
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS
from tests.support.clock import Clock
from tests.support.fake_engine import FakeEngine
from tests.support.fake_llama_server import FakeLlamaServer
from tests.unit.engine.gguf_files import gguf

TEXTS = [f"def f{number}(x):\n    return '<file_sep>' + \"é😀\"\n" for number in range(12)]
HERE = (BUNDLED_MODEL,)


def other(n_missing: int) -> Tokenizer:
    """A vocabulary of the same tokens, in which the bundled one's last merges are missing."""
    texts = read_texts(BUNDLED_MODEL, (TOKENS_KEY, MERGES_KEY))
    return Tokenizer(texts[TOKENS_KEY], texts[MERGES_KEY][:-n_missing])


@pytest.fixture
def bundled() -> Tokenizer:
    return tokenizer_of(BUNDLED_MODEL)


@pytest.fixture
def fake(bundled: Tokenizer) -> Iterator[FakeLlamaServer]:
    fake = FakeLlamaServer(tokenizer=bundled)
    fake.start()
    yield fake
    fake.stop()


Ask = Callable[..., LlamaServer]


@pytest.fixture
async def ask(fake: FakeLlamaServer) -> AsyncIterator[Ask]:
    made = []

    def asked(places: Sequence[Path] = HERE, clock: Clock | None = None) -> LlamaServer:
        transport = Transport(Address(fake.url), "llama-server")
        made.append(LlamaServer(transport, Reckoning(lambda: places, clock or Clock())))
        return made[-1]

    yield asked
    for server in made:
        await server.close()


def n_asked(fake: FakeLlamaServer) -> int:
    """How many texts the server had to take apart since the last call."""
    n_texts = sum(path == "/tokenize" for path, *_ in fake.asked)
    fake.asked.clear()
    return n_texts


async def proved(reckoning: Reckoning) -> None:
    """Once it is known whether the vocabulary is one of here."""
    for _ in range(WORTH_IT):
        assert not reckoning._proving
        assert await reckoning.tokens("a") is None
    assert reckoning._proving
    await asyncio.wait({reckoning._proving})


async def probed(server: LlamaServer) -> None:
    await server.probe()
    await proved(server._reckoning)


async def tokenized(server: LlamaServer, texts: Sequence[str] = TEXTS) -> list[tuple[int, ...]]:
    return [await server.tokenize(text) for text in texts]


async def test_a_vocabulary_of_this_machine_is_proved_once(
    fake: FakeLlamaServer, bundled: Tokenizer, ask: Ask, tmp_path: Path
) -> None:
    server = ask([tmp_path / "missing.gguf", BUNDLED_MODEL])
    await probed(server)
    assert await tokenized(server) == [bundled.tokenize(text) for text in TEXTS]
    # Special tokens, and the proof.
    assert n_asked(fake) == 2
    await server.probe()
    await tokenized(server)
    assert n_asked(fake) == 1


async def test_no_text_of_a_user_is_in_a_proof(fake: FakeLlamaServer, ask: Ask) -> None:
    server = ask()
    await probed(server)
    await tokenized(server)
    await server.probe()
    sent = [asked["content"] for path, asked, _ in fake.asked if path == "/tokenize"]
    assert len(sent) == 3
    assert not any(text in content for text in TEXTS for content in sent)
    # As our own gateway lets through.
    assert max(map(len, sent)) < 65_536


async def test_a_vocabulary_that_differs_a_little_is_not_used(
    fake: FakeLlamaServer, ask: Ask
) -> None:
    fake.tokenizer = other(n_missing=20)
    server = ask()
    await probed(server)
    for number in range(3):
        assert await tokenized(server) == [fake.tokenizer.tokenize(text) for text in TEXTS]
        assert n_asked(fake) == len(TEXTS) + (2 if number == 0 else 0)


async def test_of_another_size_none_is_proved(fake: FakeLlamaServer, ask: Ask) -> None:
    texts = read_texts(BUNDLED_MODEL, (TOKENS_KEY, MERGES_KEY))
    fake.tokenizer = Tokenizer([*texts[TOKENS_KEY], "sc2sc2"], texts[MERGES_KEY])
    server = ask()
    await probed(server)
    await tokenized(server)
    assert n_asked(fake) == 1 + len(TEXTS)


async def test_who_does_not_tell_the_size_is_asked(fake: FakeLlamaServer, ask: Ask) -> None:
    fake.tokenizer = None
    server = ask()
    await probed(server)
    await tokenized(server)
    assert n_asked(fake) == 1 + len(TEXTS)


async def test_another_vocabulary_of_that_name_and_size_is_noticed(
    fake: FakeLlamaServer, ask: Ask
) -> None:
    server = ask()
    await probed(server)
    await tokenized(server)
    fake.tokenizer = other(n_missing=1)

    async def probe_often() -> None:
        # Not by each sample: the two differ in a single token.
        for _ in range(100):
            await server.probe()

    with pytest.raises(ServerError, match="another vocabulary") as noticed:
        await probe_often()
    assert noticed.value.is_away
    n_asked(fake)
    await server.probe()
    assert await tokenized(server) == [fake.tokenizer.tokenize(text) for text in TEXTS]
    assert n_asked(fake) == 1 + len(TEXTS)


async def test_in_time_each_token_is_compared(bundled: Tokenizer) -> None:
    reckoning = Reckoning(lambda: HERE, Clock())
    served = Served("a", 0, 0, 0, n_vocab=bundled.n_tokens)

    async def ask(text: str) -> tuple[int, ...]:
        return bundled.tokenize(text)

    reckoning.meet(served, ask)
    await proved(reckoning)
    seen: set[bytes] = set()
    samples: list[Sample] = []
    while len(samples) < 2 or samples[-1] != samples[0]:
        samples.append(reckoning.sample(served))
        assert len(samples) < 100
        assert samples[-1].tokens == bundled.tokenize(samples[-1].text)
        seen |= {bundled.bytes_of([token]) for token in samples[-1].tokens}
    texts = [bundled.bytes_of([token]) for token in range(N_SPECIAL_TOKENS, bundled.n_tokens)]
    assert {text for text in texts if text.isalpha()} <= seen
    assert not reckoning.sample(Served("b", 0, 0, 0, n_vocab=bundled.n_tokens)).text


async def test_who_the_server_is_has_to_be_known_lately(fake: FakeLlamaServer, ask: Ask) -> None:
    clock = Clock()
    server = ask(clock=clock)
    await probed(server)
    await tokenized(server)
    n_asked(fake)
    clock.now_s += FRESH_S
    await tokenized(server)
    assert n_asked(fake) == len(TEXTS)
    await server.probe()
    await tokenized(server)
    assert n_asked(fake) == 1


async def test_chars_that_are_unknown_here_are_the_servers(fake: FakeLlamaServer, ask: Ask) -> None:
    server = ask()
    await probed(server)
    await tokenized(server)
    n_asked(fake)
    await tokenized(server, ["é\u0378"])
    assert n_asked(fake) == 1


async def test_a_proof_that_is_refused_is_tried_at_the_next_probe(
    fake: FakeLlamaServer, bundled: Tokenizer
) -> None:
    reckoning = Reckoning(lambda: HERE, Clock())
    served = Served("a", 0, 0, 0, n_vocab=bundled.n_tokens)

    async def refuse(text: str) -> tuple[int, ...]:
        raise ServerError("has too much to do (429)", is_away=False, status=429)

    async def answer(text: str) -> tuple[int, ...]:
        return bundled.tokenize(text)

    reckoning.meet(served, refuse)
    await proved(reckoning)
    assert await reckoning.tokens("a") is None
    reckoning.meet(served, answer)
    await proved(reckoning)
    assert await reckoning.tokens("a") == bundled.tokenize("a")
    await reckoning.close()


async def test_nobody_waits_for_a_proof(bundled: Tokenizer) -> None:
    reckoning = Reckoning(lambda: HERE, Clock())

    async def hang(text: str) -> tuple[int, ...]:
        return await asyncio.Future()

    reckoning.meet(Served("a", 0, 0, 0, n_vocab=bundled.n_tokens), hang)
    for _ in range(2 * WORTH_IT):
        assert await reckoning.tokens("a") is None
    assert reckoning._proving
    assert not reckoning._proving.done()
    await reckoning.close()


async def test_the_users_own_model_comes_first(fake: FakeLlamaServer, tmp_path: Path) -> None:
    """A vocabulary that the bundled model has not got: that of the file in the settings."""
    texts = read_texts(BUNDLED_MODEL, (TOKENS_KEY, MERGES_KEY))
    own = tmp_path / "own.gguf"
    texts[TOKENS_KEY].append("sc2sc2")
    own.write_bytes(gguf({TOKENS_KEY: texts[TOKENS_KEY], MERGES_KEY: texts[MERGES_KEY]}, {}))
    fake.tokenizer = Tokenizer(texts[TOKENS_KEY], texts[MERGES_KEY])
    spec = engine_spec(Settings(endpoint=fake.url, model=str(own)))
    team = TeamEngine(FakeEngine(), spec, Clock())  # type: ignore[arg-type]
    try:
        engine = await team.for_request()
        assert isinstance(engine, RemoteEngine)
        server = engine._server._server  # type: ignore[attr-defined]
        await proved(server._reckoning)
        assert await engine.tokenize(TEXTS) == [fake.tokenizer.tokenize(text) for text in TEXTS]
        assert n_asked(fake) == 2
    finally:
        await team.close()


def test_a_vocabulary_is_in_memory_once(tmp_path: Path) -> None:
    place = tmp_path / "model.gguf"
    place.symlink_to(BUNDLED_MODEL)
    found: list[Tokenizer] = []
    together = threading.Barrier(4)

    def read() -> None:
        together.wait()
        found.append(tokenizer_of(place))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len({id(tokenizer) for tokenizer in found}) == 1
