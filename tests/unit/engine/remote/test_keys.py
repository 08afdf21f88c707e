from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_lsp.engine.remote.keys import AGAIN_S, NO_KEY, Key, Keys, key_file, system_keyring
from sc2_lsp.launching import KEY_VARIABLE
from sc2_lsp.models import own
from sc2_lsp.ports import ModelError
from tests.support.clock import Clock

POSIX_RIGHTS = 0o600
HOST, OTHER = "models.example.org", "others.example.org"


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(own.CONFIG_VARIABLE, str(tmp_path))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


class Slow:
    """A keyring that somebody has to open, or that fails; counts who is asked for, in `asked`."""

    def __init__(self) -> None:
        self.words = {HOST: "one", OTHER: " two "}
        self.asked: list[str] = []
        self.fails = False
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, host: str) -> str:
        self.asked.append(host)
        self.may_answer.wait(20)
        if self.fails:
            raise RuntimeError("locked")
        return self.words.get(host, "")


@pytest.fixture
def ring() -> Iterator[Slow]:
    ring = Slow()
    yield ring
    ring.may_answer.set()


def keys_with(ring: Slow, clock: Clock | None = None, patience_s: float = 20.0) -> Keys:
    return Keys([HOST, OTHER, HOST], clock or Clock(), ring, patience_s)


def write(content: bytes, mode: int = POSIX_RIGHTS) -> None:
    key_file().write_bytes(content)
    key_file().chmod(mode)


async def opened(ring: Slow, keys: Keys) -> None:
    """Once the keyring has answered."""
    ring.may_answer.set()
    for _ in range(2000):
        if not keys.is_waiting:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not answer")


async def test_the_key_of_the_environment_comes_first(
    ring: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(b"from-file\n")
    assert await keys_with(ring).key(HOST) == Key("from-file", f"the file {key_file()}")
    monkeypatch.setenv(KEY_VARIABLE, " from-variable ")
    key = await keys_with(ring).key(HOST)
    assert key == Key("from-variable", "the variable SC2_API_KEY")
    assert "from-variable" not in repr(key)
    assert not ring.asked


async def test_a_key_that_others_may_read_is_refused_until_they_may_not(ring: Slow) -> None:
    write(b"secret", 0o640)
    keys = keys_with(ring)
    for _ in range(2):
        with pytest.raises(ModelError, match="chmod 600") as refused:
            await keys.key(HOST)
        assert "secret" not in str(refused.value)
    key_file().chmod(POSIX_RIGHTS)
    assert (await keys.key(HOST)).word == "secret"


@pytest.mark.parametrize("content", [b"two words", b"\xff", b"a\x00b"])
async def test_what_is_no_key_is_refused(ring: Slow, content: bytes) -> None:
    write(content)
    with pytest.raises(ModelError, match="key"):
        await keys_with(ring).key(HOST)


async def test_a_key_that_was_refused_is_read_anew(ring: Slow) -> None:
    write(b"old")
    keys = keys_with(ring)
    assert (await keys.key(HOST)).word == "old"
    write(b"new")
    assert (await keys.key(HOST)).word == "old"
    keys.renew()
    assert (await keys.key(HOST)).word == "new"


async def test_a_keyring_is_asked_once_for_all_hosts(ring: Slow) -> None:
    keys = keys_with(ring)
    found = await asyncio.gather(keys.key(HOST), keys.key(OTHER), keys.key(HOST))
    assert [key.word for key in found] == ["one", "two", "one"]
    assert found[0].found_in == "the system's keyring"
    assert ring.asked == [HOST, OTHER]


async def test_a_slow_keyring_holds_nobody_up_and_is_heard_late(ring: Slow) -> None:
    ring.may_answer.clear()
    keys = keys_with(ring, patience_s=0.01)
    # Where the loop were held up, this would not come to its end.
    assert await keys.key(HOST) is NO_KEY
    assert await keys.key(OTHER) is NO_KEY
    keys.renew()
    assert await keys.key(HOST) is NO_KEY
    assert keys.is_waiting
    await opened(ring, keys)
    assert (await keys.key(HOST)).word == "one"
    assert ring.asked == [HOST, OTHER]
    assert all(one.daemon for one in threading.enumerate() if one.name == "keyring")


async def test_a_file_counts_while_a_keyring_waits(ring: Slow) -> None:
    ring.may_answer.clear()
    keys = keys_with(ring, patience_s=0.01)
    assert await keys.key(HOST) is NO_KEY
    keys.renew()
    write(b"from-file")
    assert (await keys.key(HOST)).word == "from-file"


async def test_an_open_keyring_is_asked_again_for_a_key_that_was_refused(ring: Slow) -> None:
    keys = keys_with(ring)
    assert (await keys.key(HOST)).word == "one"
    ring.words[HOST] = "new"
    keys.renew()
    assert (await keys.key(HOST)).word == "new"


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_keyring_that_nobody_opens_is_left_alone(ring: Slow, is_late: bool) -> None:
    clock = Clock(0.0)
    ring.fails = True
    if is_late:
        ring.may_answer.clear()
    keys = keys_with(ring, clock, 0.01 if is_late else 20.0)
    assert await keys.key(HOST) is NO_KEY
    await opened(ring, keys)
    ring.fails = False
    for _ in range(3):
        keys.renew()
        assert await keys.key(HOST) is NO_KEY
    assert ring.asked == [HOST]
    clock.now_s = AGAIN_S
    keys.renew()
    await keys.key(HOST)
    await opened(ring, keys)
    assert (await keys.key(HOST)).word == "one"


async def test_a_keyring_with_something_else_than_a_key(ring: Slow) -> None:
    ring.words[HOST] = "two words"
    with pytest.raises(ModelError, match="The system's keyring holds no key"):
        await keys_with(ring).key(HOST)


class TestSystem:
    """With a library in its place, since a machine for tests has no keyring."""

    @pytest.fixture
    def module(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        module = tmp_path / "keyring.py"
        module.write_text("def get_password(*who):\n    return '-'.join(who)\n")
        monkeypatch.syspath_prepend(tmp_path)
        yield module
        sys.modules.pop("keyring", None)

    @pytest.mark.usefixtures("module")
    async def test_it_is_asked_for_the_host(self) -> None:
        assert (await Keys([HOST], patience_s=20.0).key(HOST)).word == f"sc2-lsp-{HOST}"

    def test_one_that_has_none(self, module: Path) -> None:
        module.write_text("def get_password(*who):\n    return None\n")
        assert system_keyring(HOST) == ""
