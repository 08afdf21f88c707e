"""What can go wrong with a team's server, as things that a stand-in does or that befall it."""

from __future__ import annotations

from typing import Any

from tests.support.fake_llama_server import CERTIFICATES, FakeLlamaServer
from tests.support.team_session import Fault

OTHER_MODEL = (1, 2, 3, 151663, 151664, 0)


def behaviours(server: FakeLlamaServer) -> list[Fault]:
    """What it answers, or does not."""
    prompts = {"only": "/completion"}
    return [
        *(doing(server, f"{status} to all", status=status) for status in (401, 403, 404)),
        *(doing(server, f"{status} to prompts", status=status, **prompts) for status in (413, 429)),
        *(doing(server, f"{status} to all", status=status) for status in (429, 500, 503)),
        doing(server, "hangs", hangs=True),
        doing(server, "answers a byte every 0.1 s", drips=True),
        doing(server, "an answer without an end", endless=True),
        doing(server, "stream cut behind the first token", cut_at=1),
        doing(server, "stream cut before the first token", cut_at=0),
        doing(server, "invalid JSON", body="{nope"),
        doing(server, "invalid JSON in the stream", body="data: {nope\n\n", **prompts),
        doing(server, "answers without HTTP", echoes=True),
        Fault("killed and restarted", server.stop, server.start),
    ]


def swap(server: FakeLlamaServer) -> Fault:
    """It is restarted with another model between two keys, so that no request of ours fails."""
    return _restarted(server, "another model behind the address", special=OTHER_MODEL)


def stalls(server: FakeLlamaServer) -> list[Fault]:
    """It is alive but writes nothing, which shows by its taking longer than usual alone."""
    prompts = {"only": "/completion"}
    return [
        doing(server, "takes prompts and writes nothing", hangs=True, **prompts),
        doing(server, "a byte of a suggestion every 0.1 s", drips=True, **prompts),
    ]


def certificates(server: FakeLlamaServer) -> list[Fault]:
    """It comes back with a certificate that nobody should believe."""
    return [
        _restarted(server, f"{name} certificate", certificate=CERTIFICATES / f"{file}.pem")
        for name, file in (
            ("expired", "expired"),
            ("not yet valid", "early"),
            ("another host's", "elsewhere"),
        )
    ] + [_restarted(server, "self-signed certificate", certificate=SELF_SIGNED)]


SELF_SIGNED = CERTIFICATES.with_name("self_signed.pem")


def doing(server: FakeLlamaServer, name: str, **fault: Any) -> Fault:
    return Fault(name, lambda: _set(server, fault), lambda: _set(server, _usual(server, fault)))


def _restarted(server: FakeLlamaServer, name: str, **fault: Any) -> Fault:
    def restart(values: dict[str, Any]) -> None:
        server.stop()
        _set(server, values)
        server.start()

    usual = {field: getattr(server, field) for field in fault}
    return Fault(name, lambda: restart(fault), lambda: restart(usual))


def _set(server: FakeLlamaServer, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(server, name, value)
    if not server.hangs:
        server.release()


def _usual(server: FakeLlamaServer, fault: dict[str, Any]) -> dict[str, Any]:
    fresh = FakeLlamaServer()
    return {name: getattr(fresh, name) for name in fault}
