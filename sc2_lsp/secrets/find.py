"""Where a text holds secrets."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain

from sc2_lsp.secrets.emails import find_emails
from sc2_lsp.secrets.issued import find_issued_keys
from sc2_lsp.secrets.key_blocks import find_key_blocks
from sc2_lsp.secrets.named import find_named_values
from sc2_lsp.secrets.secret import Secret
from sc2_lsp.secrets.urls import find_credentials_in_use

# In the order in which they win where they overlap.
_DETECTORS = (
    find_key_blocks,
    find_issued_keys,
    find_credentials_in_use,
    find_named_values,
    find_emails,
)
# The parts of a prompt that stay the same from one keystroke to the next are not searched again.
_REMEMBERED = 256


@lru_cache(maxsize=_REMEMBERED)
def find_secrets(text: str) -> tuple[Secret, ...]:
    """The secrets in `text`, in order, none overlapping another.

    The text may be a part of a file: private keys are found without their first or last lines.
    """
    found: list[Secret] = []
    for secret in chain.from_iterable(detect(text) for detect in _DETECTORS):
        if not any(secret.start < other.end and other.start < secret.end for other in found):
            found.append(secret)
    return tuple(sorted(found, key=lambda secret: secret.start))
