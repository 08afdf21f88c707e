"""The gateway as it is deployed, in front of a real llama-server, with a recorder between the two.

The files of `deploy` are used as they are; only their ports and their folder for temporary files
are others, and containers' addresses are the loopback's. What the recorder has seen is what reached
the engine.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings
from tests.deploy.engines import Recorder
from tests.project.tree import ROOT

FILES = ROOT / "deploy" / "gateway"
USERS = ("alice", "bob", *(f"user{number}" for number in range(12)))
KEYS = {user: f"{user}-0123456789abcdef" for user in USERS}


def rig() -> Path:
    """The folder of the programs, as `make e2e-gateway` names it."""
    folder = os.environ.get("SC2_GATEWAY_RIG")
    assert folder, "run these by `make e2e-gateway`, which fetches nginx and llama-server"
    return Path(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ready: Any, what: str, seconds: float = 30) -> None:
    """Ask `ready` until it says yes: for what tells nobody that it has happened."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        threading.Event().wait(0.05)


@dataclass
class Answer:
    """What the gateway said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        return str(self.json["error"]["type"])


@dataclass
class Gateway:
    """A running gateway; `folder` holds its configuration."""

    folder: Path
    port: int
    inner_port: int
    recorder: Recorder
    process: subprocess.Popen[bytes]
    tls: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        self.tls = ssl.create_default_context(cafile=str(self.folder / "secrets" / "tls.crt"))

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("localhost", self.port, timeout=60, context=self.tls)

    def raw(self, data: bytes) -> Answer:
        """Send bytes as they are over TLS and read one answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain:
            wrapped = self.tls.wrap_socket(plain, server_hostname="localhost")
            wrapped.sendall(data)
            response = http.client.HTTPResponse(wrapped)
            response.begin()
            return Answer(response.status, dict(response.getheaders()), response.read())

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        method: str | None = None,
        key: str | None = KEYS["alice"],
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own; a body that is no bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        connection = self.connect()
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def inner(self, path: str) -> Answer:
        return plain(self.inner_port, path)

    def engine(self, path: str) -> Answer:
        """The engine itself, past gateway and recorder."""
        return plain(self.recorder.target, path)

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def log(self) -> list[dict[str, Any]]:
        lines = (self.folder / "access.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


def plain(port: int, path: str) -> Answer:
    """A request without TLS and key."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def key_line(user: str, key: str) -> str:
    return f'"{hashlib.sha256(key.encode()).hexdigest()}" {user};\n'


def replaced(text: str, changes: dict[str, str]) -> str:
    """The text with each of the changes, every one of which has to apply."""
    for old, new in changes.items():
        assert old in text, f"the gateway's files no longer have {old!r}"
        text = text.replace(old, new)
    return text


LOOPBACK = {"listen 8443 ": "listen 127.0.0.1:8443 ", "listen 9145;": "listen 127.0.0.1:9145;"}
"""A container has ports of its own; whoever runs the tests opens none to others."""

LOOPBACK_OF_UNITS = {"listen 443 ": "listen 127.0.0.1:443 "}
"""Likewise for a machine without containers, where the others' addresses are those to be tested."""


def site_of(place: str, changes: dict[str, str]) -> str:
    """`site.conf` of a kind of deployment, with changes."""
    return replaced((FILES.parent / place / "site.conf").read_text(encoding="utf-8"), changes)


def configure(
    folder: Path, routes: str, site: str, changes: dict[str, str] | None = None
) -> tuple[int, int]:
    """Lay the gateway's files into a folder; the outer and the inner port.

    Addresses are those of `site`, with other ports.
    """
    port, inner_port = free_port(), free_port()
    for shipped, free in ((r"(?:8443|443)(?= ssl;)", port), (r"9145(?=;)", inner_port)):
        site, n_found = re.subn(rf"(?<=listen )(\S+:)?{shipped}", rf"\g<1>{free}", site)
        assert n_found == 1, f"site.conf no longer has one {shipped}"
    (folder / "modules").symlink_to(rig().parent / "modules")
    (folder / "gateway.js").symlink_to(FILES / "gateway.js")
    (folder / "routes.js").symlink_to(FILES / "routes" / f"{routes}.js")
    (folder / "site.conf").write_text(site, encoding="utf-8")
    secrets = folder / "secrets"
    secrets.mkdir()
    keys = "".join(key_line(user, key) for user, key in KEYS.items())
    (secrets / "keys.map").write_text(keys, encoding="utf-8")
    changes = {
        **(changes or {}),
        "/tmp/": f"{folder}/",
        "error_log stderr": f"error_log {folder}/error.log",
    }
    texts = {path.name: path.read_text(encoding="utf-8") for path in FILES.glob("*.conf")}
    for old, new in changes.items():
        name = next((name for name, text in texts.items() if old in text), "nginx.conf")
        texts[name] = replaced(texts[name], {old: new})
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    certificate = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost -keyout {secrets}/tls.key -out {secrets}/tls.crt"
    )
    subprocess.run(
        [rig() / "openssl", *certificate.split()],
        check=True,
        capture_output=True,
        env={**os.environ, "OPENSSL_CONF": os.devnull},
    )
    return port, inner_port


@contextmanager
def running(
    folder: Path,
    recorder: Recorder,
    routes: str = "llama-server",
    changes: dict[str, str] | None = None,
    more_ports: tuple[int, ...] = (),
) -> Iterator[Gateway]:
    """A gateway in front of the recorder and more engines, with changes of nginx.conf."""
    engines = [recorder.port, *more_ports]
    servers = "; server ".join(f"127.0.0.1:{port} max_fails=2 fail_timeout=5s" for port in engines)
    engine = {"engine:8080 resolve max_fails=2 fail_timeout=5s": servers}
    site = site_of("compose", {"/dev/stdout": f"{folder}/access.log", **engine, **LOOPBACK})
    ports = configure(folder, routes, site, changes)
    with started(folder, *ports, recorder) as gateway:
        yield gateway


@contextmanager
def started(folder: Path, port: int, inner_port: int, recorder: Recorder) -> Iterator[Gateway]:
    """The gateway that is configured in a folder."""
    log = folder / "error.log"
    process = subprocess.Popen(
        [rig() / "nginx", "-p", folder, "-c", "nginx.conf", "-e", log, "-g", "daemon off;"]
    )
    gateway = Gateway(folder, port, inner_port, recorder, process)
    try:
        until(lambda: process.poll() is not None or _listens(port), "the gateway's start")
        assert process.poll() is None, log.read_text(encoding="utf-8")
        yield gateway
    finally:
        process.terminate()
        process.wait(10)


def engine_command(model: str, **changes: str) -> str:
    """How Compose starts llama-server, with some flags of another value and one thread."""
    compose = yaml.safe_load((FILES.parent / "compose" / "llama-server.yaml").read_text("utf-8"))
    command = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", compose["services"]["engine"]["command"])
    command = re.sub(r"/models/\$\{.*?\}", model, command)
    for flag, value in changes.items():
        name = f"--{flag.replace('_', '-')}"
        command, n_found = re.subn(rf"{name} \S+", f"{name} {value}", command)
        assert n_found == 1, f"Compose no longer says {name}"
    return f"{command} --threads 1"


SMALL = {"parallel": "2", "ctx_size": "4096", "n_gpu_layers": "0", "cache_ram": "64"}
"""Flags of an engine for tests; the others are as deployed."""


@contextmanager
def llama_server(
    folder: Path, program: str = "llama-server", flags: dict[str, str] = SMALL
) -> Iterator[int]:
    """A llama-server with the bundled model; its port. Its log is `llama.log` in the folder."""
    port = free_port()
    found = shutil.which(program, path=str(rig())) or shutil.which(program)
    assert found is not None, f"there is no {program}"
    model = engine_spec(Settings()).model_path
    command = engine_command(model, host="127.0.0.1", port=str(port), **flags)
    with (folder / "llama.log").open("wb") as log:
        process = subprocess.Popen([found, *command.split()], stdout=log, stderr=log)
        try:
            until(lambda: process.poll() is not None or _healthy(port), "llama-server's start", 60)
            assert process.poll() is None, (folder / "llama.log").read_text(encoding="utf-8")
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _healthy(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
