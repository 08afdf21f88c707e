"""Passwords and tokens where they are used: in URLs, headers, commands and connection strings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sc2_lsp.secrets.secret import Kind, Secret
from sc2_lsp.secrets.stand_ins import is_stand_in, looks_random

# A password may have an `@` that nobody escaped: the last one of the authority ends it.
_IN_URL = re.compile(
    r"://[^\s/:@\"'`<>?#]{0,80}:(?=[^\s/]{2})"
    r"(?P<secret>[^\s/@\"'`<>]{1,256}(?:@[^\s/@\"'`<>?#,]{1,128}){0,8})@(?=[\w\[$%{])"
)
_ALONE_IN_URL = re.compile(r"://(?P<secret>[\w~.-]{20,256})(?::x-oauth-basic)?@(?=\w)")
_HEADER = re.compile(
    r"\b(?:Bearer|(?<=[\"'` :])Basic|(?<=[\"'` :])Token|ApiKey|SSWS|token)"
    r"[ ]+(?P<secret>[\w~+/.=-]{8,4096})"
)
_HEADER_NAME = re.compile(r"authorization|\bbearer\b", re.IGNORECASE)
_CURL = re.compile(
    r"\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"']{1,80}:(?P<secret>[^\s\"']{3,128})"
)
_CLIENT = re.compile(
    r"\b(?:mysql\w*|mariadb)\b[^\n]{0,200}?\s-p(?P<secret>[^\s\"'-][^\s\"']{3,128})"
)
_SSHPASS = re.compile(r"\bsshpass\s+-p\s*[\"']?(?P<secret>[^\s\"'$]{3,128})")
_AUTH_PAIR = re.compile(
    r"\bauth\s?=\s?[(\[]\s?[\"'][^\"'\n]{1,80}[\"'],\s?[\"'](?P<secret>[^\"'\n]{3,128})[\"']"
)
_SHELL_DEFAULT = re.compile(
    r"\$\{\w{0,32}(?:PASS|PWD|SECRET|TOKEN|KEY)\w{0,16}:?[-=](?P<secret>[^\s{}$\"'/]{6,256})\}",
    re.IGNORECASE,
)
_NETRC = re.compile(r"\blogin\s+\S+\s+password\s+(?P<secret>\S{3,128})")
_SQL = re.compile(
    r"\b(?:IDENTIFIED(?:[ ]+WITH[ ]+\S+)?[ ]+BY|PASSWORD)[ ]+"
    r"[\"'](?P<secret>[^\"'\r\n]{4,128})[\"']",
    re.IGNORECASE,
)
_FEWEST_RANDOM_CHARS = 16


def find_credentials_in_use(text: str) -> Iterator[Secret]:
    """Secrets that are known by what they are handed to."""
    if "://" in text and "@" in text:
        for found in _IN_URL.finditer(text):
            if not is_stand_in(found["secret"]):
                yield _secret(found, Kind.PASSWORD)
        for found in _ALONE_IN_URL.finditer(text):
            if looks_random(found["secret"]):
                yield _secret(found, Kind.KEY)
    lower = text.lower()
    if "authorization" in lower or "bearer" in lower:
        for found in _HEADER.finditer(text):
            if _is_token(found["secret"]) and _stands_in_header(found):
                yield _secret(found, Kind.KEY)
    for literals, form in (
        (("curl ",), _CURL),
        (("mysql", "mariadb"), _CLIENT),
        (("sshpass",), _SSHPASS),
        (("auth=", "auth ="), _AUTH_PAIR),
        (("${",), _SHELL_DEFAULT),
        (("login",), _NETRC),
        (("identified", "password '", 'password "'), _SQL),
    ):
        if any(literal in lower for literal in literals):
            for found in form.finditer(text):
                if not is_stand_in(found["secret"]):
                    yield _secret(found, Kind.PASSWORD)


def _is_token(value: str) -> bool:
    if len(value) >= _FEWEST_RANDOM_CHARS and looks_random(value):
        return True
    return any(char.isdigit() for char in value) and not is_stand_in(value)


def _stands_in_header(found: re.Match[str]) -> bool:
    """Whether the line speaks of the header that `found` is a value of."""
    line_start = found.string.rfind("\n", 0, found.start()) + 1
    return _HEADER_NAME.search(found.string, line_start, found.start("secret")) is not None


def _secret(found: re.Match[str], kind: Kind) -> Secret:
    return Secret(found.start("secret"), found.end("secret"), kind)
