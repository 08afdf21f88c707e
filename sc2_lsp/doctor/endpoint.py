"""The team's server, where the settings name one: address, key, TLS, and its model's tokens.

The only part that asks something over a network. No code and no prompt is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sc2_lsp.doctor.check import Check, Situation, State, fail, ok, warn
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.endpoints import Endpoint, endpoints_of
from sc2_lsp.engine.remote.keys import Key, Keys
from sc2_lsp.models import access
from sc2_lsp.ports import ModelError
from sc2_lsp.settings import Settings

_NAME = "endpoint"
_PATIENCE_S = 10.0
# Somebody may have to open it.
_KEYRING_S = 5.0
_DAY_S = 86_400
_ENOUGH_DAYS = 14
_CLOCKS_AGREE_S = 120
_ADVICE = {
    "not yet valid": "Look at the clock of this machine, and at the server's certificate.",
    "expired": "Have the server's certificate renewed; is the clock of this machine right?",
    "CERTIFICATE": "The certificate has to be one that this machine trusts, for this very name.",
    "refuses the key": "Ask for a key and put it into SC2_API_KEY or the file `api_key`.",
    "special tokens": "Have the server load a StarCoder2 model.",
    "has no ": "Correct the name behind `#`, or have the server load a StarCoder2 model.",
    "several": "Write `#` and one of these names behind the address.",
    "is loading": "Look again when it has: `ollama run` with the model's name shows it.",
    "(404)": "Correct the setting `endpoint`: it names an engine that serves, or its gateway.",
}
_ELSE = "Is the address right, the server up, and nothing on the way that forbids it?"


def endpoint(situation: Situation) -> Iterator[Check]:
    """Implements `Examine`."""
    try:
        endpoints = endpoints_of(situation.settings.endpoint, access(situation.settings))
        keys, is_waiting = asyncio.run(_keys([one.address.host for one in endpoints]))
    except ModelError as error:
        yield fail(_NAME, str(error), "Correct the setting `endpoint` or the key.")
        return
    if not endpoints:
        yield ok(_NAME, "No setting names a server: nothing leaves this machine.")
    for endpoint, key in zip(endpoints, keys, strict=True):
        address = replace(endpoint.address, key=key.word)
        how = f"with a key from {key.found_in}" if key.word else "without a key"
        if is_waiting:
            how += ", since the system's keyring does not answer"
        asked = asyncio.run(_asked(replace(endpoint, address=address), situation.settings, how))
        yield asked
        if asked.state is State.OK:
            yield from _beside(address, time.time())


async def _keys(hosts: Sequence[str]) -> tuple[list[Key], bool]:
    """The keys for `hosts`, and whether the keyring may yet answer; raises ModelError."""
    keys = Keys(hosts, patience_s=_KEYRING_S)
    return [await keys.key(host) for host in hosts], keys.is_waiting


async def _asked(endpoint: Endpoint, settings: Settings, how: str) -> Check:
    # Whoever has no server does not wait for the library that speaks HTTP.
    from sc2_lsp.engine.remote.finding import AnyServer
    from sc2_lsp.engine.remote.protocol import ServerError

    address = endpoint.address
    try:
        server = AnyServer(address, endpoint.model, settings.n_ctx)
    except ModelError as error:
        return fail(_NAME, str(error), "Correct the setting that names it.")
    try:
        served = await asyncio.wait_for(server.probe(), _PATIENCE_S)
    except ServerError as error:
        return _away(f"The server {address.url}, asked {how}, {error}.")
    except asyncio.TimeoutError:
        return _away(f"The server {address.url} does not answer in time.")
    except Exception as error:
        # As the engine does: of its words nobody knows what they repeat.
        odd = f"does not answer as any would ({type(error).__name__})"
        return _away(f"The server {address.url}, asked {how}, {odd}.")
    finally:
        await server.close()
    model = f"{served.name} in {served.program}"
    found = f"{address.url} serves {model}, {_length(served.n_ctx)} a request, {how}."
    return ok(_NAME, f"{found} Its special tokens are StarCoder2's.")


def _beside(address: Address, now_s: float) -> Iterator[Check]:
    """Whether the clocks agree, and for how long the server's certificate is good."""
    from sc2_lsp.engine.remote.connecting import look

    seen = asyncio.run(look(address))
    if seen is not None and seen.server_s is not None:
        yield _clock(seen.server_s - now_s)
    if seen is not None and seen.expires_s is not None:
        yield _certificate(address.url, int((seen.expires_s - now_s) // _DAY_S))


def _clock(ahead_s: float) -> Check:
    if abs(ahead_s) <= _CLOCKS_AGREE_S:
        return ok("clock", "This machine's clock and the server's agree.")
    minutes = f"{abs(ahead_s) / 60:.0f} minutes"
    found = f"The server's clock is {minutes} {'ahead of' if ahead_s > 0 else 'behind'} this one."
    return warn("clock", found, "Set the one that is wrong: certificates are judged by the time.")


def _certificate(url: str, n_days: int) -> Check:
    found = f"The certificate of {url} is good for {n_days} more days."
    if n_days >= _ENOUGH_DAYS:
        return ok("certificate", found)
    return warn("certificate", found, "Have it renewed in time.")


def _length(n_ctx: int) -> str:
    return f"{n_ctx} tokens" if n_ctx else "nobody says how many tokens"


def _away(found: str) -> Check:
    advice = next((advice for sign, advice in _ADVICE.items() if sign in found), _ELSE)
    return fail(
        _NAME, found, f"{advice} Until then others answer: a server that does, or this machine."
    )
