"""What a key waits for while the team's server fails, and how soon that one is asked again.

Somebody types in a session of the real language server; a stand-in of a server misbehaves, or the
real llama-server is stopped and killed. Each fault has a session of its own, so that the first
answer of this machine's model includes loading it. Prints a Markdown table:

    python -m benchmarks.faults [--llama-server PATH] [--lasts SECONDS]

Where Linux allows a network namespace, names that lead nowhere and a cable that is pulled too.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.support import team_faults
from tests.support.fake_llama_server import AUTHORITY, CERTIFICATES, FakeLlamaServer, numbered
from tests.support.own_network import NAME, TEAM, OwnNetwork, own_resolver
from tests.support.server_processes import llama_server
from tests.support.team_session import (
    COMMAND,
    DEADLINE_S,
    Client,
    Fault,
    Figures,
    Session,
    model_is,
    session,
)

ALIAS = "team-model"
ALONE = ("unshare", "--map-root-user", "--net", "--mount")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llama-server", default=os.environ.get("SC2_LLAMA_TOOLS", ""))
    parser.add_argument("--lasts", type=float, default=6.0, help="seconds that each fault lasts")
    parser.add_argument("--rows-in-a-namespace", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sc2-", dir="/tmp") as folder:
        for name in ("RUNTIME", "STATES", "INDEX", "RECORD", "CONFIG", "MODELS"):
            os.environ[f"SC2_LSP_{name}_DIR"] = f"{folder}/{name.lower()}"
        if arguments.rows_in_a_namespace:
            _print(_in_a_namespace(arguments.lasts))
            return
        print(
            "| fault | longest wait of a key, s | this machine answers after, s "
            "| the server again after, s | keys meanwhile | without suggestion | pop-ups "
            "| of these times nobody had a processor, s |\n"
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
        )
        _print(_of_a_stand_in(arguments.lasts))
        _print(_of_certificates(arguments.lasts))
        program = Path(arguments.llama_server or ".")
        program = program / "llama-server" if program.is_dir() else program
        if program.is_file():
            _print(_of_llama_server(program, arguments.lasts))
        if shutil.which("unshare") and not subprocess.run([*ALONE, "true"]).returncode:
            again = [sys.executable, "-m", "benchmarks.faults", "--rows-in-a-namespace"]
            sys.stdout.flush()
            subprocess.run([*ALONE, *again, "--lasts", str(arguments.lasts)], check=True)
    print(
        f"\nDeadline of a key {DEADLINE_S:.0f} s. Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores."
    )


def _print(rows: Iterator[Figures]) -> None:
    for row in rows:
        cells = [
            row.fault,
            f"{row.slowest_s:.2f}",
            f"{row.local_s:.2f}",
            f"{row.back_s:.2f}",
            str(row.n_keys),
            f"{len(row.empty)} {', '.join(sorted(set(row.empty)))}".strip(),
            str(len(row.messages)),
            " / ".join(f"{seconds:.1f}" for seconds in row.stalled_s),
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


def _of_a_stand_in(lasts_s: float) -> Iterator[Figures]:
    def faults(server: FakeLlamaServer) -> list[Fault]:
        swap = team_faults.swap(server)
        return [*team_faults.behaviours(server), *team_faults.stalls(server), swap]

    yield from _each(faults, lasts_s)


def _of_certificates(lasts_s: float) -> Iterator[Figures]:
    os.environ["SSL_CERT_FILE"] = str(AUTHORITY)
    good = CERTIFICATES / "good.pem"
    yield from _each(team_faults.certificates, lasts_s, has_tls=True, certificate=good)


def _each(
    faults: Callable[[FakeLlamaServer], list[Fault]], lasts_s: float, **options: object
) -> Iterator[Figures]:
    n_faults = len(faults(FakeLlamaServer(**options)))  # type: ignore[arg-type]
    for number in range(n_faults):
        server = FakeLlamaServer(answer=numbered, **options)  # type: ignore[arg-type]
        server.start()
        try:
            with session(server.url) as typing:
                yield typing.suffer(faults(server)[number], lasts_s)
        finally:
            server.stop()


def _of_llama_server(program: Path, lasts_s: float) -> Iterator[Figures]:
    options = ("--ctx-size", "4096", "--alias", ALIAS)
    with llama_server(program, *options) as (url, process):
        stop, go_on = signal.SIGSTOP, signal.SIGCONT
        with session(url, is_theirs=model_is(ALIAS)) as typing:
            fault = Fault(
                "llama-server stopped (SIGSTOP), its connections half open",
                lambda: process.send_signal(stop),
                lambda: process.send_signal(go_on),
            )
            yield typing.suffer(fault, lasts_s)
        port = int(url.rpartition(":")[2])
        with session(url, is_theirs=model_is(ALIAS)) as typing, ExitStack() as again:
            fault = Fault(
                "llama-server killed (SIGKILL) and started again",
                process.kill,
                lambda: again.enter_context(llama_server(program, *options, port=port)),
            )
            yield typing.suffer(fault, lasts_s)


def _in_a_namespace(lasts_s: float) -> Iterator[Figures]:
    os.environ["SSL_CERT_FILE"] = str(AUTHORITY)
    network = OwnNetwork()
    with tempfile.TemporaryDirectory() as folder:
        names = own_resolver(Path(folder))
        server = FakeLlamaServer(
            answer=numbered, host=TEAM, has_tls=True, certificate=CERTIFICATES / "good.pem"
        )
        server.start()

        def turn(mode: str) -> None:
            names.mode = mode

        for name, mode in (
            ("name that nobody knows, from the start", "unknown"),
            ("resolver that says nothing, from the start", "silent"),
        ):
            fault = Fault(name, lambda mode=mode: turn(mode), lambda: turn("answers"))
            with Client(COMMAND) as client:
                url = f"https://{NAME}:{server.port}"
                yield Session(client).suffer_from_the_start(fault, lasts_s, endpoint=url)
                client.shut_down()
        with session(server.url) as typing:
            yield typing.suffer(Fault("network gone", network.down, network.up), lasts_s)
        with suppress(OSError):
            server.stop()


if __name__ == "__main__":
    main()
