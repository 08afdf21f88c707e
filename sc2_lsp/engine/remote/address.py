"""Which server to ask and with which key; refuses what would send code or a key in the clear.

Every refusal is a ModelError of one sentence. The key is shown nowhere.
"""

from __future__ import annotations

import ipaddress
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sc2_lsp.launching import KEY_VARIABLE
from sc2_lsp.models import own
from sc2_lsp.ports import ModelError

_KEY_FILE = "api_key"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Address:
    """A server: its address without a slash at the end, and its key, empty for none."""

    url: str
    key: str = field(default="", repr=False)


def address_of(endpoint: str) -> Address:
    """The address that the setting `endpoint` means; raises ModelError."""
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
    if parts.scheme == "http" and not _is_loopback(host):
        raise ModelError(
            f"The setting 'endpoint' names {host} without TLS, so that anybody on the way could "
            "read along; use https, or http for this machine alone."
        )
    return Address(endpoint.rstrip("/"), _key())


def key_file() -> Path:
    """Where the key may lie, readable by the user alone."""
    return own.config_folder() / _KEY_FILE


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key() -> str:
    if key := os.environ.get(KEY_VARIABLE, "").strip():
        return _usable(key, f"The variable {KEY_VARIABLE}")
    path = key_file()
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            if hasattr(os, "getuid") and mode & _OTHERS:
                raise ModelError(f"Others may read the key in {path}: chmod 600 it.")
            return _usable(file.read().strip(), f"The file {path}")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError):
        raise ModelError(f"The key in {path} cannot be read.") from None


def _usable(key: str, where: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ModelError(f"{where} holds no key: one word of plain characters.")
    return key
