"""The gateway of a machine without containers: the addresses and the log that its files name."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.engines import Recorder
from tests.deploy.gateway import (
    KEYS,
    LOOPBACK_OF_UNITS,
    Gateway,
    configure,
    free_port,
    plain,
    site_of,
    started,
)

pytestmark = pytest.mark.gateway

MARKER = "planted_marker"
ELSEWHERE = "127.0.0.2"
"""Another address of this machine: what listens there listens to more than 127.0.0.1."""


@dataclass
class Machine:
    """The gateway, the port of the engine's metrics, and the journal's socket."""

    gateway: Gateway
    metrics_port: int
    journal: socket.socket


@pytest.fixture
def machine(engine_port: int) -> Iterator[Machine]:
    recorder = Recorder(engine_port)
    metrics_port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="sc2-") as name,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal,
    ):
        folder = Path(name)
        log = folder / "log"
        journal.bind(str(log))
        journal.settimeout(30)
        # nginx's workers are nobody's where the tests are root's.
        folder.chmod(0o755)
        log.chmod(0o777)
        changes = {"/dev/log": str(log), ":9146;": f":{metrics_port};", **LOOPBACK_OF_UNITS}
        engines = f"server 127.0.0.1:{recorder.port};\n"
        (folder / "engines.conf").write_text(engines, encoding="utf-8")
        ports = configure(folder, "llama-server", site_of("systemd", changes))
        with started(folder, *ports, recorder) as gateway:
            yield Machine(gateway, metrics_port, journal)
    recorder.close()


def is_open(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(10)
        return probe.connect_ex((host, port)) == 0


def test_metrics_are_there_for_this_machine_alone(machine: Machine) -> None:
    gateway = machine.gateway
    assert gateway.ask("/health").status == 200
    assert b"sc2_gateway_requests_total" in gateway.inner("/metrics").body
    assert b"llamacpp:" in plain(machine.metrics_port, "/metrics").body
    assert plain(machine.metrics_port, "/slots").status == 404
    for port in (gateway.inner_port, machine.metrics_port):
        assert is_open("127.0.0.1", port)
        assert not is_open(ELSEWHERE, port)
    assert gateway.ask("/metrics").status == 404


def test_requests_are_told_to_the_journal_without_what_they_hold(machine: Machine) -> None:
    asked = {"prompt": [600], "n_predict": 1, MARKER: 1}
    assert machine.gateway.ask(f"/completion?{MARKER}", asked).status == 400
    line = machine.journal.recv(65536).decode()
    head, _, told = line.partition("sc2_gateway: ")
    assert head.startswith("<")
    assert json.loads(told) | {"path": "/completion", "user": "alice"} == json.loads(told)
    assert MARKER not in line
    assert KEYS["alice"] not in line
