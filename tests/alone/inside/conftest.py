from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_llama_server import AUTHORITY, CERTIFICATES, FakeLlamaServer, numbered
from tests.support.own_network import NameServer, OwnNetwork

TEAM = "198.51.100.7"
NAME = "models.test"
NAME_SERVER = "198.51.100.53"


@pytest.fixture(scope="session")
def network() -> OwnNetwork:
    return OwnNetwork()


@pytest.fixture(scope="session")
def names(network: OwnNetwork, tmp_path_factory: pytest.TempPathFactory) -> NameServer:
    """The resolver that everybody here asks, from now on."""
    folder = tmp_path_factory.mktemp("etc")
    for name, text in (
        ("resolv.conf", f"nameserver {NAME_SERVER}\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
    ):
        (folder / name).write_text(text)
        target = Path("/etc", name)
        if target.exists():
            # In this process's own view of the files alone.
            subprocess.run(["mount", "--bind", folder / name, target.resolve()], check=True)
    return NameServer(NAME_SERVER, NAME, TEAM)


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
