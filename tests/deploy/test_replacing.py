"""One machine's engine is replaced, and put back, while a developer types: nobody notices.

The script of deploy/ with the engines that its unit describes; in place of systemd a few lines
start and stop them.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sc2_lsp.completion.service import CompletionService
from sc2_lsp.domain import EmptyReason, Trigger
from sc2_lsp.engine.remote.remote import RemoteEngine
from sc2_lsp.engine.remote.team import TeamEngine
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings
from tests.deploy.engines import Straight
from tests.deploy.gateway import (
    FILES,
    KEYS,
    LOOPBACK_OF_UNITS,
    Gateway,
    configure,
    free_port,
    plain,
    rig,
    site_of,
    started,
    until,
)
from tests.deploy.test_files import engine_flags
from tests.support.fake_engine import FakeEngine
from tests.support.snapshots import snapshot

pytestmark = [pytest.mark.gateway, pytest.mark.timeout(300)]

SYSTEMD = FILES.parent / "systemd"
MARKER = "planted_marker_name"
CODE = f"""
def {MARKER}(first, second):
    total = first + second
    for index in range(total):
        print(index, first)
    return total


def main():
    value = {MARKER}(1, 2)
    print(value)
"""
FAILURES = {
    *(EmptyReason.ENGINE_DOWN, EmptyReason.MODEL_ERROR, EmptyReason.FAILED),
    *(EmptyReason.DEADLINE, EmptyReason.LOADING),
}
SYSTEMCTL = """#!/bin/sh
# The last word names the unit.
for unit; do :; done
name=${unit#sc2-engine@}
case $1 in
    enable)
        # nginx's workers are nobody's where the tests are root's.
        umask 0
        mkdir -p "$SC2_RUN/sc2-$name"
        COMMAND --host "$SC2_RUN/sc2-$name/engine.sock" >"$SC2_RUN/$name.log" 2>&1 &
        echo $! >"$SC2_RUN/$name.pid" ;;
    is-active) kill -0 "$(cat "$SC2_RUN/$name.pid")" ;;
    disable)
        kill "$(cat "$SC2_RUN/$name.pid")" 2>/dev/null
        while kill -0 "$(cat "$SC2_RUN/$name.pid")" 2>/dev/null; do sleep 0.1; done
        # As systemd does with a unit's RuntimeDirectory.
        rm -r "$SC2_RUN/$name.pid" "$SC2_RUN/sc2-$name" ;;
    reload) kill -HUP "$(cat "$SC2_GATEWAY/nginx.pid")" ;;
esac
"""


@dataclass
class Machine:
    """A machine without containers: its gateway, what its scripts are told, and a port."""

    gateway: Gateway
    environment: dict[str, str]
    metrics_port: int

    def systemctl(self, *arguments: str) -> None:
        subprocess.run(["systemctl", *arguments], check=True, env=self.environment)

    def replace(self, *names: str) -> asyncio.Future[subprocess.CompletedProcess[str]]:
        return asyncio.ensure_future(asyncio.to_thread(self.replaced, *names))

    def replaced(self, *names: str) -> subprocess.CompletedProcess[str]:
        script = ["sh", SYSTEMD / "replace-engine.sh", *names]
        return subprocess.run(
            script, check=False, capture_output=True, text=True, env=self.environment
        )

    def runs(self, name: str) -> bool:
        return (Path(self.environment["SC2_RUN"]) / f"{name}.pid").exists()


def engine_command() -> str:
    """The unit's own, but for its socket, with the bundled model and one thread."""
    command = engine_flags()["systemd/sc2-engine@.service"].replace("\\\n", " ")
    command = command.replace("/opt/sc2/%i/bin/", f"{rig()}/")
    command = command.replace("${SC2_MODEL}", engine_spec(Settings()).model_path)
    command = command.replace("${SC2_SLOTS}", "2").replace("${SC2_CTX_SIZE}", "8192")
    command, n_found = re.subn(r"--host \S+", "", command)
    assert n_found == 1
    return f"{command} --threads 1"


@pytest.fixture
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="sc2-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "bin").mkdir()
        stub = folder / "bin" / "systemctl"
        stub.write_text(SYSTEMCTL.replace("COMMAND", engine_command()), encoding="utf-8")
        stub.chmod(0o700)
        with _machine(folder) as machine:
            machine.systemctl("enable", "--now", "sc2-engine@a")
            try:
                until(lambda: machine.gateway.ask("/health").status == 200, "the engine's start")
                yield machine
            finally:
                for each in "ab":
                    if machine.runs(each):
                        machine.systemctl("disable", "--now", f"sc2-engine@{each}")


@contextmanager
def _machine(folder: Path) -> Iterator[Machine]:
    home = folder / "gateway"
    home.mkdir()
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "SC2_RUN": str(folder),
        "SC2_GATEWAY": str(home),
        "SC2_START_S": "60",
    }
    metrics_port = free_port()
    site = site_of("systemd", {":9146;": f":{metrics_port};", **LOOPBACK_OF_UNITS})
    site, n_found = re.subn(r"access_log syslog:\S+", f"access_log {home}/access.log", site)
    assert n_found == 1
    engines = (SYSTEMD / "engines.conf").read_text(encoding="utf-8")
    (home / "engines.conf").write_text(engines.replace("/run", str(folder)), encoding="utf-8")
    ports = configure(home, "llama-server", site)
    with started(home, *ports, Straight(0)) as gateway:
        yield Machine(gateway, environment, metrics_port)


async def test_an_engine_is_replaced_and_put_back_while_somebody_types(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = machine.gateway
    monkeypatch.setenv("SC2_API_KEY", KEYS["alice"])
    monkeypatch.setenv("SSL_CERT_FILE", str(gateway.folder / "secrets" / "tls.crt"))
    settings = Settings(endpoint=f"https://localhost:{gateway.port}")
    local = FakeEngine()
    team = TeamEngine(local, engine_spec(settings), time.monotonic)  # type: ignore[arg-type]
    service = CompletionService(team, time.monotonic, lambda: False)
    ends: Counter[object] = Counter()
    n_typed = 0

    async def type_a_char() -> None:
        nonlocal n_typed
        at = 40 + n_typed % (len(CODE) - 41)
        n_typed += 1
        marked = snapshot(f"# {n_typed}{CODE[:at]}<CURSOR>{CODE[at:]}")
        outcome = await service.complete(marked, Trigger.AUTOMATIC, settings)
        ends[outcome.reason if outcome.reason in FAILURES else "answered"] += 1
        if not isinstance(await team.for_request(), RemoteEngine):
            ends["by the model of this machine"] += 1

    assert isinstance(await team.for_request(), RemoteEngine)
    for old, new in ("ab", "ba"):
        replaced = machine.replace(old, new)
        while not replaced.done():
            await type_a_char()
        done = replaced.result()
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert machine.runs(new)
        assert not machine.runs(old)
        assert b"llamacpp:" in plain(machine.metrics_port, "/metrics").body
        for _ in range(10):
            await type_a_char()
    assert ends == {"answered": n_typed}
    assert n_typed > 40
    asked = [line["status"] for line in gateway.log() if line["path"] == "/completion"]
    assert asked.count(200) > 20
    assert set(asked) <= {200, 499}
    service.close()
    await team.close()
    nothing_is_written_down(Path(machine.environment["SC2_RUN"]))


def nothing_is_written_down(folder: Path) -> None:
    written = sorted(folder.rglob("*.log"))
    assert [path.name for path in written] == ["a.log", "b.log", "access.log", "error.log"]
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert text or path.name == "error.log"
        assert MARKER not in text, path.name
        assert KEYS["alice"] not in text, path.name


def test_an_engine_that_does_not_start_leaves_the_old_one(machine: Machine) -> None:
    stub = Path(machine.environment["PATH"].partition(":")[0]) / "systemctl"
    text = stub.read_text(encoding="utf-8")
    stub.write_text(text.replace("--model ", "--model /nowhere"), encoding="utf-8")
    done = machine.replaced("a", "b")
    assert done.returncode == 1
    assert "engine b did not get ready; engine a goes on" in done.stderr
    assert machine.runs("a")
    assert not machine.runs("b")
    assert machine.gateway.ask("/health").status == 200


@pytest.mark.parametrize("names", [(), ("a",), ("a", "a"), ("a", "c"), ("x", "y")])
def test_names_that_are_none(machine: Machine, names: tuple[str, ...]) -> None:
    done = machine.replaced(*names)
    assert done.returncode == 2
    assert done.stderr.startswith("replace-engine.sh: name the engine that runs")


def test_nothing_is_replaced_that_does_not_run(machine: Machine) -> None:
    done = machine.replaced("b", "a")
    assert (done.returncode, "engine b does not answer" in done.stderr) == (2, True)
