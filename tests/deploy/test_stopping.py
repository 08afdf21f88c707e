"""A gateway that is stopped, as each kind of deployment stops it, ends what it has begun."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Callable

import pytest

from tests.deploy.flood import stream
from tests.deploy.gateway import Gateway, rig
from tests.deploy.test_files import DEPLOY, services

pytestmark = pytest.mark.gateway


def by_compose(gateway: Gateway) -> None:
    name = services()["gateway.yaml:gateway"]["stop_signal"]
    gateway.process.send_signal(signal.Signals[name])


def by_systemd(gateway: Gateway) -> None:
    unit = (DEPLOY / "systemd" / "sc2-gateway.service").read_text(encoding="utf-8")
    (name,) = re.findall(r"^KillSignal=(\w+)$", unit, re.MULTILINE)
    # To the first process alone.
    assert "\nKillMode=mixed\n" in unit
    gateway.process.send_signal(signal.Signals[name])


def by_kubernetes(gateway: Gateway) -> None:
    text = (DEPLOY / "kubernetes" / "base" / "gateway.yaml").read_text(encoding="utf-8")
    (command,) = re.findall(r'"-c", "sleep 5; nginx ([^;]*); while kill -0 1 ', text)
    where = ("-p", gateway.folder, "-c", "nginx.conf", "-e", gateway.folder / "error.log")
    subprocess.run([rig() / "nginx", *where, *command.split()], check=True)


@pytest.mark.parametrize("stop", [by_compose, by_systemd, by_kubernetes])
def test_a_stream_is_written_to_its_end(gateway: Gateway, stop: Callable[[Gateway], None]) -> None:
    connection, response = stream(gateway, 512)
    stop(gateway)
    assert b'"stop":true' in response.read()
    connection.close()
    assert gateway.process.wait(30) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", gateway.port)) != 0
