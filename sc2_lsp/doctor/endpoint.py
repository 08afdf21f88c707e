"""The team's server, where the settings name one: address, key, TLS, and its model's tokens.

The only part that asks something over a network. No code and no prompt is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from sc2_lsp.doctor.check import Check, Situation, fail, ok
from sc2_lsp.engine.remote.endpoints import Endpoint, endpoints_of
from sc2_lsp.ports import ModelError

_NAME = "endpoint"
_PATIENCE_S = 10.0
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
        endpoints = endpoints_of(situation.settings.endpoint)
    except ModelError as error:
        yield fail(_NAME, str(error), "Correct the setting `endpoint` or the key.")
        return
    if not endpoints:
        yield ok(_NAME, "No setting names a server: nothing leaves this machine.")
    for endpoint in endpoints:
        yield asyncio.run(_asked(endpoint, situation.settings.n_ctx))


async def _asked(endpoint: Endpoint, n_ctx: int) -> Check:
    # Whoever has no server does not wait for the library that speaks HTTP.
    from sc2_lsp.engine.remote.finding import AnyServer
    from sc2_lsp.engine.remote.protocol import ServerError

    address = endpoint.address
    server = AnyServer(address, endpoint.model, n_ctx)
    key = "with a key" if address.key else "without a key"
    try:
        served = await asyncio.wait_for(server.probe(), _PATIENCE_S)
    except ServerError as error:
        return _away(f"The server {address.url}, asked {key}, {error}.")
    except asyncio.TimeoutError:
        return _away(f"The server {address.url} does not answer in time.")
    finally:
        await server.close()
    model = f"{served.name} in {served.program}"
    found = f"{address.url} serves {model}, {_length(served.n_ctx)} a request, {key}."
    return ok(_NAME, f"{found} Its special tokens are StarCoder2's.")


def _length(n_ctx: int) -> str:
    return f"{n_ctx} tokens" if n_ctx else "nobody says how many tokens"


def _away(found: str) -> Check:
    advice = next((advice for sign, advice in _ADVICE.items() if sign in found), _ELSE)
    return fail(
        _NAME, found, f"{advice} Until then others answer: a server that does, or this machine."
    )
