"""How connections to a server are made: its name, its certificate, and no way around either.

Redirects are not followed, and no proxy of the environment is asked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time

import httpx2

from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.names import Names

CONNECT_S = 1.0
ANSWER_S = 2.0
"""How long a whole answer may take that does not come bit by bit, connecting included."""

MOST_CONNECTIONS = 4
"""llama-server gives each a thread for as long as it is open, and lets one more wait for seconds.

It has as few as five.
"""

# At their usual level they log the address of each request.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def client_for(address: Address) -> httpx2.AsyncClient:
    transport = httpx2.AsyncHTTPTransport(
        # The system's authorities, or those of SSL_CERT_FILE; but no proxy of the environment,
        # which is not what the user's settings named.
        verify=httpx2.create_ssl_context(),
        limits=httpx2.Limits(max_connections=MOST_CONNECTIONS),
        trust_env=False,
    )
    return httpx2.AsyncClient(
        base_url=address.url,
        headers={"Authorization": f"Bearer {address.key}"} if address.key else {},
        # Who waits for one of our own connections does not wait for the server.
        timeout=httpx2.Timeout(ANSWER_S, connect=CONNECT_S, pool=None),
        transport=_Named(transport),
        trust_env=False,
    )


class _Named(httpx2.AsyncBaseTransport):
    """Finds the server by its name without holding anybody up, then asks at each address."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self._names = Names(time.monotonic)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        if _is_address(host):
            return await self._inner.handle_async_request(request)
        addresses = await self._addresses(host, request)
        # The certificate has to be for the name; the header with the name is there already.
        request.extensions = {**request.extensions, "sni_hostname": host}
        for address in addresses:
            request.url = request.url.copy_with(host=address)
            try:
                response = await self._inner.handle_async_request(request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if address == addresses[-1]:
                    self._names.forget(host)
                    raise
            else:
                self._names.prefer(host, address)
                return response
        raise AssertionError("there is an address")

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _addresses(self, host: str, request: httpx2.Request) -> tuple[str, ...]:
        try:
            return await self._names.addresses(host, CONNECT_S)
        except asyncio.TimeoutError:
            message = f"nobody says within {CONNECT_S:.0f} s where {host} is"
            raise httpx2.ConnectTimeout(message, request=request) from None
        except OSError as error:
            reason = error.strerror or "no such name"
            raise httpx2.ConnectError(f"{host}: {reason}", request=request) from None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
