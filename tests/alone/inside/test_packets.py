"""With the engine of this machine no packet is sent at all; with a team's, to that server alone."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.fake_llama_server import FakeLlamaServer
from tests.support.own_network import NAME, NAME_SERVER, TEAM, NameServer, OwnNetwork, Packet
from tests.support.team_session import COMMAND, FILE, Client, Session

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]


def use(root: Path, home: Path, **settings: object) -> Session:
    """All that a day brings: a repository is indexed, keys are typed, questions asked."""
    (root / "page.py").write_text("def width_of(page):\n    return page.width\n")
    subprocess.run(["git", "init", "-q", root], check=True)
    with Client(COMMAND) as client:
        session = Session(client)
        session.begin(
            root.as_uri(),
            idle_work="always",
            warm_start_mb=64,
            record=True,
            metrics_file=str(home / "metrics.prom"),
            **settings,
        )
        for _ in range(5):
            assert session.key().text
        for asked in ("sc2.index", "sc2.stats"):
            assert "result" in client.ask("workspace/executeCommand", {"command": asked})
        place = {"textDocument": {"uri": FILE}, "position": {"line": 5, "character": 0}}
        context = {"command": "sc2.context", "arguments": [place]}
        assert "result" in client.ask("workspace/executeCommand", context)
        assert client.shut_down() == 0
    return session


def test_a_packet_to_anybody_is_seen(network: OwnNetwork) -> None:
    network.forget()
    for family, address in ((socket.AF_INET, "203.0.113.9"), (socket.AF_INET6, "2001:db8::9")):
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", (address, 9))
    assert {packet.to for packet in network.packets()} >= {("203.0.113.9", 9), ("2001:db8::9", 9)}


def test_with_the_engine_of_this_machine_none_is_sent(
    network: OwnNetwork, names: NameServer, tmp_path: Path
) -> None:
    network.forget()
    root = tmp_path / "repository"
    root.mkdir()
    use(root, tmp_path)
    command = Command(tmp_path)
    report = json.loads(command.run("doctor", "--json").stdout)
    assert report["checks"]
    assert json.loads(command.done("complete", f"{root}/page.py:2:12", "--json"))["model"]
    assert network.packets() == []


@pytest.mark.parametrize("by_name", [False, True])
def test_with_a_server_they_go_there_alone(
    network: OwnNetwork, names: NameServer, team: FakeLlamaServer, tmp_path: Path, by_name: bool
) -> None:
    url = f"https://{NAME if by_name else TEAM}:{team.port}"
    network.forget()
    root = tmp_path / "repository"
    root.mkdir()
    use(root, tmp_path, endpoint=url)
    doctor = Command(tmp_path).run("doctor", "--json", "--set", f"endpoint={url}")
    (found,) = [c for c in json.loads(doctor.stdout)["checks"] if c["name"] == "endpoint"]
    assert found["state"] == "ok", found
    team.stop()
    use(root, tmp_path, endpoint=url)
    team.start()
    packets = network.packets()
    there = {(TEAM, team.port)}
    if by_name:
        there.add((NAME_SERVER, 53))
    assert {packet.to for packet in packets} >= there
    assert [packet for packet in packets if not _is_between(packet, there)] == []
    assert team.prompts()


def _is_between(packet: Packet, there: set[tuple[str, int]]) -> bool:
    """To one of `there`, or its answer."""
    return packet.to in there or packet.source in there
