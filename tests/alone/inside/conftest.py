from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fake_llama_server import AUTHORITY, CERTIFICATES, FakeLlamaServer, numbered
from tests.support.own_network import TEAM, NameServer, OwnNetwork, own_resolver


@pytest.fixture(scope="session")
def network() -> OwnNetwork:
    return OwnNetwork()


@pytest.fixture(scope="session")
def names(network: OwnNetwork, tmp_path_factory: pytest.TempPathFactory) -> NameServer:
    """The resolver that everybody here asks, from now on."""
    return own_resolver(tmp_path_factory.mktemp("etc"))


@pytest.fixture
def team(network: OwnNetwork) -> Iterator[FakeLlamaServer]:
    """A team's server with TLS, elsewhere."""
    server = FakeLlamaServer(
        answer=numbered, host=TEAM, has_tls=True, certificate=CERTIFICATES / "good.pem"
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def baits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user may have set for other programs, and an authority of the team's own."""
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(variable, "http://203.0.113.1:3128")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://203.0.113.2:4318")
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    for variable in ("NO_PROXY", "no_proxy", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
