from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_lsp.domain import Access
from sc2_lsp.engine.remote import keys
from sc2_lsp.engine.remote.address import Address, address_of
from sc2_lsp.engine.remote.keys import key_file
from sc2_lsp.launching import KEY_VARIABLE
from sc2_lsp.models import access, own
from sc2_lsp.ports import ModelError
from sc2_lsp.settings import Settings, merge

POSIX_RIGHTS = 0o600


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(own.CONFIG_VARIABLE, str(tmp_path))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://models.example.org",
        "https://models.example.org:8443/starcoder2",
        "http://127.0.0.1:8080",
        "http://127.9.9.9",
        "http://[::1]:8080",
        "http://localhost:8080",
    ],
)
def test_addresses_that_may_be_asked(endpoint: str) -> None:
    assert address_of(endpoint) == address_of(endpoint + "/") == Address(endpoint)


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("models.example.org", "needs the form"),
        ("ftp://models.example.org", "needs the form"),
        ("https://", "needs the form"),
        ("https://models.example.org:99999", "needs the form"),
        ("https://[::1", "needs the form"),
        ("http://models.example.org", "without TLS"),
        ("http://localhost.example.org", "without TLS"),
        ("http://10.0.0.1", "without TLS"),
        ("https://me:secret@models.example.org", "may hold no user"),
        ("https://models.example.org/?key=secret", "may hold no user"),
    ],
)
def test_addresses_that_may_not(endpoint: str, says: str) -> None:
    with pytest.raises(ModelError, match=says) as refused:
        address_of(endpoint)
    assert "secret" not in str(refused.value)


def test_the_key_of_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    key_file().write_text("from-file\n")
    key_file().chmod(POSIX_RIGHTS)
    assert address_of("http://localhost").key == "from-file"
    monkeypatch.setenv(KEY_VARIABLE, " from-variable ")
    address = address_of("http://localhost")
    assert address.key == "from-variable"
    assert "from-variable" not in repr(address)


def test_a_key_that_others_may_read_is_refused() -> None:
    key_file().write_text("secret")
    key_file().chmod(0o640)
    with pytest.raises(ModelError, match="chmod 600") as refused:
        address_of("http://localhost")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("content", [b"two words", b"\xff", b"a\x00b"])
def test_what_is_no_key_is_refused(content: bytes) -> None:
    key_file().write_bytes(content)
    key_file().chmod(POSIX_RIGHTS)
    with pytest.raises(ModelError, match="key"):
        address_of("http://localhost")


def test_plain_http_to_another_machine_needs_the_sentence() -> None:
    insists = access(Settings(endpoint_plain_http="anybody on the way may read my code and my key"))
    assert address_of("http://192.0.2.1:8080", insists).url == "http://192.0.2.1:8080"
    for value in ("yes", "true", "anybody"):
        settings, complaints = merge(Settings(), {"endpoint_plain_http": value})
        assert not settings.endpoint_plain_http
        assert complaints


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("proxy.example.org:3128", "needs the form"),
        ("socks5://proxy.example.org", "needs the form"),
        ("http://proxy.example.org/path", "needs the form"),
        ("http://[::1", "needs the form"),
        ("http://me:secret@proxy.example.org", "no user or password"),
    ],
)
def test_proxies_that_may_not_be_asked(proxy: str, says: str) -> None:
    with pytest.raises(ModelError, match=says) as refused:
        address_of("https://models.example.org", Access(proxy=proxy))
    assert "secret" not in str(refused.value)


def test_the_key_of_a_certificate_is_the_users_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine.pem"
    with pytest.raises(ModelError, match="cannot be read"):
        address_of("https://models.example.org", Access(certificate=str(mine)))
    mine.touch()
    mine.chmod(0o644)
    with pytest.raises(ModelError, match="chmod 600"):
        address_of("https://models.example.org", Access(certificate=str(mine)))
    mine.chmod(POSIX_RIGHTS)
    address_of("https://models.example.org", Access(certificate=str(mine)))


class TestKeyring:
    """With a library in its place, since a machine for tests has no keyring."""

    @pytest.fixture
    def keyring(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        module = tmp_path / "keyring.py"
        monkeypatch.syspath_prepend(tmp_path)
        yield module
        sys.modules.pop("keyring", None)

    def test_it_is_asked_last_and_for_this_host(self, keyring: Path) -> None:
        keyring.write_text("def get_password(*who):\n    return '-'.join(who)\n")
        address = address_of("https://models.example.org:8443")
        assert address.key == "sc2-lsp-models.example.org"
        assert address.key_from == "the system's keyring"
        key_file().write_text("from-file")
        key_file().chmod(POSIX_RIGHTS)
        assert address_of("https://models.example.org").key == "from-file"

    @pytest.mark.parametrize("body", ["return None", "raise RuntimeError('locked')"])
    def test_one_that_has_none(self, keyring: Path, body: str) -> None:
        keyring.write_text(f"def get_password(*who):\n    {body}\n")
        assert address_of("https://models.example.org").key == ""

    def test_one_that_waits_for_somebody_is_not_waited_for(
        self, keyring: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keys, "PATIENCE_S", 0.2)
        keyring.write_text(
            "import threading\nasked = threading.Event()\n"
            "def get_password(*who):\n    asked.wait(20)\n    return 'late'\n"
        )
        assert address_of("https://models.example.org").key == ""
        sys.modules["keyring"].asked.set()
