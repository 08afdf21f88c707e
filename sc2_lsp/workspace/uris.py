"""Paths in the URIs that editors send, as pure functions of strings.

A path has forward slashes here. Windows paths are told by their drive letter or by the server name
they start with, on whatever system this runs. Touches no file.
"""

from __future__ import annotations

import re
from functools import lru_cache

# The same few documents are named with every request.
_REMEMBERED = 1024
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_PERCENT_BYTES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_DRIVE = re.compile(r"/?([A-Za-z]):(?=[/\\]|$)")


def scheme_of_uri(uri: str) -> str:
    """The scheme of `uri` in lower case, empty where it has none."""
    match = _SCHEME.match(uri)
    return match.group(1).lower() if match else ""


@lru_cache(_REMEMBERED)
def path_of_uri(uri: str) -> str | None:
    """The path that a `file:` URI names; None for every other URI.

    `file:///c%3A/x` and `file:///C:/x` are `c:/x`; `file://server/share/x` is `//server/share/x`.
    """
    if scheme_of_uri(uri) != "file":
        return None
    rest = re.split(r"[?#]", uri[len("file:") :], maxsplit=1)[0]
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        rest = slash + path if host in ("", "localhost") else f"//{host}/{path}"
    return normal_path(_unquote(rest))


def place_of_uri(uri: str) -> str:
    """The whole path of the document, as far as `uri` tells, whatever its scheme."""
    path = path_of_uri(uri)
    if path is not None:
        return path
    rest = re.split(r"[?#]", uri, maxsplit=1)[0]
    return _unquote(rest[len(scheme_of_uri(uri)) :].lstrip(":"))


def name_of_uri(uri: str) -> str:
    """What a document without a path is called: the last part of its URI."""
    rest = re.split(r"[?#]", uri, maxsplit=1)[0]
    return re.split(r"[/\\:]", _unquote(rest).rstrip("/"))[-1]


def file_of_uri(uri: str) -> str:
    """What tells the document at `uri` from all others: its path, or `uri` where it has none."""
    path = path_of_uri(uri)
    return uri if path is None else path


def normal_path(path: str) -> str:
    """`path` with forward slashes, and its drive letter, if any, in lower case.

    A backslash is a separator in Windows paths alone; elsewhere it is a character like any other.
    """
    drive = _DRIVE.match(path)
    if drive:
        return f"{drive.group(1).lower()}:{path[drive.end() :]}".replace("\\", "/")
    if path.startswith("\\\\"):
        return path.replace("\\", "/")
    return path


def _unquote(quoted: str) -> str:
    return _PERCENT_BYTES.sub(_decode, quoted)


def _decode(match: re.Match[str]) -> str:
    return bytes.fromhex(match.group().replace("%", "")).decode("utf-8", "replace")
