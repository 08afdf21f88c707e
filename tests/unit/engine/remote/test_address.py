from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.engine.remote.address import KEY_VARIABLE, Address, address_of, key_file
from sc2_lsp.models import own
from sc2_lsp.ports import ModelError

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
