"""Addresses of persons, as they stand in the heads of files and in lists of authors.

They are personal data rather than secrets, and a model for code writes a placeholder for them
anyway: its training data had no others. To keep code as it is, only what is surely an address of
somebody counts: domains that stand for no one, addresses of machines and of offices are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sc2_lsp.secrets.secret import Kind, Secret

# Matrix products, labels and versions look alike (`a@b.T`, `this@Main.x`), so the last part has to
# be one of the domains that nearly all addresses are of.
_ADDRESS = re.compile(
    r"(?<![\w.@/:%+=-])(?P<local>[A-Za-z0-9][\w.+-]{1,63})@(?P<domain>(?:[a-z0-9][a-z0-9-]{0,62}\.){1,4}"
    r"(?:com|org|net|edu|gov|info|io|dev|me|co|eu|uk|de|fr|nl|ch|at|se|no|dk|fi|be|it|es|pt|pl|cz|ru"
    r"|ua|jp|cn|kr|tw|in|au|nz|ca|br|mx|ar|za|us))(?![\w@/:(\[-]|\.\w)"
)
_NO_PERSON = re.compile(
    r"(?:.*[.-])?(?:no-?reply|git|svn|hg|info|support|contact|admin|root|hello|security|help|sales"
    r"|user\w*|foo|bar|baz|test\w*|example|someone|somebody|you|your[\w.-]*|name|me|email|mail"
    r"|postmaster|webmaster|this|super|self|return|break|continue)"
)
_NO_DOMAIN = re.compile(
    r"(?:.*[.-])?(?:example|test|invalid|localhost|local|domain|yourdomain|company|acme|foo|bar|baz"
    r"|host|server|site|mail|email|users\.noreply\.github)\.\w+|[a-z]\.\w+|(.)\1+\.\w+"
)


def find_emails(text: str) -> Iterator[Secret]:
    """Addresses that somebody reads."""
    if "@" not in text:
        return
    for found in _ADDRESS.finditer(text):
        local = found["local"].lower()
        if not _NO_PERSON.fullmatch(local) and not _NO_DOMAIN.fullmatch(found["domain"]):
            yield Secret(found.start(), found.end(), Kind.EMAIL)
