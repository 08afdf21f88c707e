"""Which server to ask, how, and with which key; refuses what would send code or a key in the clear.

Every refusal is a ModelError of one sentence. The key is shown nowhere.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sc2_lsp.domain import Access
from sc2_lsp.engine.remote.keys import key_file, others_may_read
from sc2_lsp.launching import KEY_VARIABLE
from sc2_lsp.ports import ModelError


@dataclass(frozen=True, slots=True)
class Address:
    """A server: its address without a slash at the end, and its key, empty for none or not yet.

    `access` is how the server may be reached.
    """

    url: str
    key: str = field(default="", repr=False)
    access: Access = field(default_factory=Access)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


def address_of(endpoint: str, access: Access = Access()) -> Address:  # noqa: B008  a constant
    """The address that a server in the setting `endpoint` means, without a key.

    Raises ModelError.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or port == 0:
        raise ModelError("The setting 'endpoint' needs the form https://HOST:PORT.")
    if parts.username is not None or parts.query or parts.fragment:
        raise ModelError(
            "The setting 'endpoint' may hold no user, key or query; put the key into the "
            f"environment variable {KEY_VARIABLE} or the file {key_file()}."
        )
    if parts.scheme == "http" and not is_loopback(host) and not access.plain_http:
        raise ModelError(
            f"The setting 'endpoint' names {host} without TLS, so that anybody on the way could "
            "read along; use https, or http for this machine alone."
        )
    _check_certificate(access)
    _check_proxy(access)
    return Address(endpoint.rstrip("/"), access=access)


def is_loopback(host: str) -> bool:
    """Whether that is this machine itself, by an address or the one name that always means it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_certificate(access: Access) -> None:
    if not access.certificate:
        return
    path = Path(access.certificate)
    try:
        if others_may_read(path):
            message = f"Others may read the key in {path}: chmod 600 it."
            raise ModelError(message)
    except OSError as error:
        reason = error.strerror or error
        raise ModelError(f"The file {path} cannot be read: {reason}.") from None


def _check_proxy(access: Access) -> None:
    if not access.proxy:
        return
    try:
        parts = urlsplit(access.proxy)
        is_right = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right or parts.scheme not in ("http", "https") or parts.path not in ("", "/"):
        raise ModelError("The setting 'endpoint_proxy' needs the form http://HOST:PORT.")
    if parts.username is not None:
        raise ModelError("The setting 'endpoint_proxy' may hold no user or password.")
