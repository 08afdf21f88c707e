"""Engines found by name, as in Compose and on Kubernetes: they come, go, and are not there yet.

The name server is a few lines here; engines are addresses of this machine with the same port.
"""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.deploy.engines import Recorder
from tests.deploy.gateway import (
    KEYS,
    LOOPBACK,
    Gateway,
    configure,
    free_port,
    key_line,
    site_of,
    started,
    until,
)

pytestmark = pytest.mark.gateway

FIRST, SECOND = "127.0.0.2", "127.0.0.3"
PLACES = {
    "compose": ("engine", "127.0.0.11"),
    "kubernetes/base": (
        "engine.sc2.svc.cluster.local",
        "kube-dns.kube-system.svc.cluster.local",
    ),
}
"""What engines are called, and where name servers are."""
_A, _IN, _ANSWERS, _NO_SUCH_NAME, _TTL_S = 1, 1, 0x8180, 3, 30


class NameServer:
    """Answers for every name with `addresses`, or not at all where it is `silent`."""

    def __init__(self) -> None:
        self.addresses: tuple[str, ...] = ()
        self.silent = False
        self.told: list[tuple[str, ...]] = []
        self.names: set[str] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        # An empty question wakes the thread.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            asked, client = self._socket.recvfrom(512)
            if not asked:
                return
            if not self.silent:
                self._socket.sendto(self._answer(asked), client)

    def _answer(self, asked: bytes) -> bytes:
        end = asked.index(b"\0", 12)
        kind, _ = struct.unpack_from("!HH", asked, end + 1)
        self.names.add(_name(asked[12:end]))
        known = self.addresses
        shown = known if kind == _A else ()
        code = _ANSWERS | (0 if known else _NO_SUCH_NAME)
        head = asked[:2] + struct.pack("!HHHHH", code, 1, len(shown), 0, 0)
        # Each answer names the question, which begins at the twelfth byte.
        found = [
            struct.pack("!HHHIH", 0xC00C, _A, _IN, _TTL_S, 4) + socket.inet_aton(each)
            for each in shown
        ]
        self.told.append(known)
        return head + asked[12 : end + 5] + b"".join(found)


def _name(labels: bytes) -> str:
    """What a question asks for: each part stands behind its length."""
    parts = []
    while labels:
        parts.append(labels[1 : 1 + labels[0]].decode())
        labels = labels[1 + labels[0] :]
    return ".".join(parts)


@dataclass
class Team:
    """A gateway, its name server, and engines by address, which are started one by one."""

    gateway: Gateway
    names: NameServer
    port: int
    target: int
    engines: dict[str, Recorder] = field(default_factory=dict)

    def start(self, *addresses: str) -> None:
        for address in addresses:
            self.engines[address] = Recorder(self.target, (address, self.port))

    def statuses(self) -> set[int]:
        """What the users are answered, each of whom has an engine of their own."""
        return {self.gateway.ask("/health", key=key).status for key in KEYS.values()}

    def asked(self, address: str) -> bool:
        """Whether an engine was asked since the last time."""
        return b"GET /health " in self.engines[address].requests()


@contextmanager
def in_front_of_names(place: str, engine_port: int, *addresses: str) -> Iterator[Team]:
    """A gateway that is told `addresses` when it starts, where engines are."""
    name, resolver = PLACES[place]
    names, port = NameServer(), free_port()
    names.addresses = addresses
    with tempfile.TemporaryDirectory(prefix="sc2-gateway-") as made:
        folder = Path(made)
        changes = {
            "/dev/stdout": f"{folder}/access.log",
            f"resolver {resolver} ": f"resolver 127.0.0.1:{names.port} ",
            f"server {name}:8080 ": f"server {name}:{port} ",
            **LOOPBACK,
        }
        ports = configure(folder, "llama-server", site_of(place, changes))
        with started(folder, *ports, Recorder(engine_port)) as gateway:
            team = Team(gateway, names, port, engine_port)
            team.start(*addresses)
            yield team
            assert names.names == {name}
            for engine in (gateway.recorder, *team.engines.values()):
                engine.close()
    names.close()


@pytest.fixture(params=PLACES)
def team(request: pytest.FixtureRequest, engine_port: int) -> Iterator[Team]:
    with in_front_of_names(request.param, engine_port, FIRST) as team:
        yield team


@pytest.fixture(params=PLACES)
def early_team(request: pytest.FixtureRequest, engine_port: int) -> Iterator[Team]:
    """With no engine yet."""
    with in_front_of_names(request.param, engine_port) as team:
        yield team


def test_one_engine_takes_the_place_of_another(team: Team) -> None:
    until(lambda: team.statuses() == {200}, "the first look-up")

    def is_shared() -> bool:
        assert team.statuses() == {200}
        return team.asked(SECOND)

    team.start(SECOND)
    team.names.addresses = (FIRST, SECOND)
    until(is_shared, "the look-up of the second engine")
    team.asked(FIRST)
    assert team.statuses() == {200}
    assert team.asked(FIRST), "all users have left their engine for the new one"
    # It goes before its name does.
    team.engines[FIRST].close()
    assert team.statuses() == {200}
    team.names.addresses = (SECOND,)
    until(lambda: team.names.told[-1] == (SECOND,), "the look-up without the first")
    assert team.statuses() == {200}


def test_an_engine_that_is_not_there_yet_is_found_when_it_is(early_team: Team) -> None:
    team = early_team
    until(lambda: team.names.told, "the first look-up")
    answer = team.gateway.ask("/health")
    assert (answer.status, answer.reason) == (503, "engine")
    team.start(FIRST)
    team.names.addresses = (FIRST,)
    until(lambda: team.statuses() == {200}, "the first engine")


def test_a_reload_knows_the_engines_without_asking(team: Team) -> None:
    until(lambda: team.statuses() == {200}, "the first look-up")
    team.names.silent = True
    carol = "carol-0123456789abcdef"
    with (team.gateway.folder / "secrets" / "keys.map").open("a", encoding="utf-8") as keys:
        keys.write(key_line("carol", carol))
    team.gateway.reload()
    statuses: list[int] = []

    def is_known() -> bool:
        statuses.append(team.gateway.ask("/health", key=carol).status)
        return statuses[-1] != 401

    until(is_known, "the new key")
    assert statuses[-1] == 200
    assert team.statuses() == {200}
