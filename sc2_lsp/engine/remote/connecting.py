"""How connections to a server are made: its name, its certificate, and no way around either.

Redirects are not followed, and no proxy is asked but the one that the user's settings name.
"""

from __future__ import annotations

import asyncio
import calendar
import ipaddress
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import httpx2

from sc2_lsp.domain import Access
from sc2_lsp.engine.remote.address import Address, is_loopback
from sc2_lsp.engine.remote.names import Names
from sc2_lsp.engine.remote.racing import Step, first_reached
from sc2_lsp.ports import ModelError

CONNECT_S = 1.0
ANSWER_S = 2.0
"""How long a whole answer may take that does not come bit by bit, connecting included."""

MOST_CONNECTIONS = 4
"""llama-server gives each a thread for as long as it is open, and lets one more wait for seconds.

It has as few as five.
"""

_MOST_SHOWN = 200

_UNREACHABLE = (httpx2.ConnectError, httpx2.ConnectTimeout)
# The library's own names; the second where a connection is used again.
_CONNECTED = ("connection.connect_tcp.complete", "http11.send_request_headers.started")

# At their usual level they log the address of each request.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def client_for(address: Address) -> httpx2.AsyncClient:
    """A client for one server; raises ModelError where an address or certificate is of no use."""
    url = _url(address.url, "endpoint")
    proxy = None if is_loopback(address.host) else address.access.proxy or None
    if proxy:
        _url(proxy, "endpoint_proxy")
    inner = httpx2.AsyncHTTPTransport(
        verify=_trust(address.access),
        limits=httpx2.Limits(max_connections=MOST_CONNECTIONS),
        # Of the environment none is asked, which is not what the user's settings named.
        trust_env=False,
        proxy=proxy,
    )
    return httpx2.AsyncClient(
        base_url=url,
        headers={"Accept-Encoding": "identity", **authorization(address.key)},
        # Who waits for one of our own connections does not wait for the server.
        timeout=httpx2.Timeout(ANSWER_S, connect=CONNECT_S, pool=None),
        # What a proxy leads to is for the proxy to find.
        transport=inner if proxy else _Named(inner),
        trust_env=False,
    )


def authorization(key: str) -> dict[str, str]:
    """The headers that show a key, if there is one."""
    return {"Authorization": f"Bearer {key}"} if key else {}


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer shows beside itself, in seconds since 1970; None for what it does not show.

    `server_s` is the server's clock, `expires_s` when its certificate ends.
    """

    server_s: float | None
    expires_s: float | None


async def look(address: Address) -> Seen | None:
    """Ask for the list of models and look at what comes with it; None where nothing comes."""
    client = client_for(address)
    try:
        async with client.stream("GET", "/v1/models") as response:
            date = response.headers.get("Date", "")
            stream = response.extensions.get("network_stream")
            tls = stream.get_extra_info("ssl_object") if stream is not None else None
            shown = (tls.getpeercert() or {}) if tls is not None else {}
        return Seen(_seconds(date), _seconds(str(shown.get("notAfter", ""))))
    except (httpx2.HTTPError, asyncio.TimeoutError):
        return None
    finally:
        await client.aclose()


def _url(written: str, setting: str) -> httpx2.URL:
    """What the library makes of an address, which is less than the standard library takes for one.

    Raises ModelError, which shows what cannot be seen in the settings.
    """
    try:
        return httpx2.URL(written)
    except httpx2.InvalidURL:
        shown = ascii(written[:_MOST_SHOWN])
        raise ModelError(
            f"The setting '{setting}' holds {shown}, which is no address: look for a char in it "
            "that does not belong there."
        ) from None


def _seconds(date: str) -> float | None:
    """What a date of HTTP or of a certificate means; both are of Greenwich."""
    for form in ("%a, %d %b %Y %H:%M:%S GMT", "%b %d %H:%M:%S %Y GMT"):
        try:
            return float(calendar.timegm(time.strptime(date, form)))
        except ValueError:
            continue
    return None


def _trust(access: Access) -> ssl.SSLContext:
    """Whom to believe: the authority that is named, else the system's or those of SSL_CERT_FILE."""
    try:
        if access.authority:
            context = ssl.create_default_context(cafile=access.authority)
        else:
            context = httpx2.create_ssl_context()
    except (OSError, ValueError):
        message = f"The file {access.authority} holds no certificates that can be read."
        raise ModelError(message) from None
    if access.certificate:
        try:
            # A key behind a password would ask for it in the terminal.
            context.load_cert_chain(access.certificate, password=lambda: b"")
        except (OSError, ValueError):
            raise ModelError(
                f"The file {access.certificate} needs a certificate and its key, without a "
                "password, as PEM."
            ) from None
    return context


class _Named(httpx2.AsyncBaseTransport):
    """Finds the server by its name without holding anybody up, then asks at one address."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self._names = Names(time.monotonic)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # The library decodes the name of other letters, and there may be nothing to decode.
        host = request.url.raw_host.decode("ascii")
        if _is_address(host):
            return await self._inner.handle_async_request(request)
        addresses = await self._addresses(host, request)

        async def ask(address: str, told: Callable[[Step], None]) -> httpx2.Response:
            return await self._inner.handle_async_request(_at(address, request, told))

        try:
            address, response = await first_reached(
                addresses, ask, _UNREACHABLE, partial(self._names.postpone, host)
            )
        except _UNREACHABLE:
            self._names.forget(host)
            raise
        self._names.prefer(host, address)
        return response

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


def _at(address: str, request: httpx2.Request, told: Callable[[Step], None]) -> httpx2.Request:
    """The request for an address of its host. The header with the host's name is there already."""

    async def trace(event: str, _: object) -> None:
        if event == "connection.connect_tcp.started":
            told(Step.CONNECTING)
        elif event in _CONNECTED:
            told(Step.CONNECTED)

    # The certificate has to be for the name.
    host = request.url.raw_host.decode("ascii")
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host, "trace": trace},
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
