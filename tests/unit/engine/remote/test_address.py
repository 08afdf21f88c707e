from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.domain import Access
from sc2_lsp.engine.remote.address import Address, address_of
from sc2_lsp.models import access
from sc2_lsp.ports import ModelError
from sc2_lsp.settings import Settings, merge

POSIX_RIGHTS = 0o600


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
