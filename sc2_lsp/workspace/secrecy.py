"""Which documents of an editor are files that hold secrets, told by where they are.

A prompt calls a file outside of the workspace by its name alone, which says nothing of the folder
that makes it secret (`~/.aws/credentials`), so it is the whole path of the URI that counts.
"""

from __future__ import annotations

from functools import lru_cache

from sc2_lsp.secrets import is_secret_file
from sc2_lsp.workspace.uris import place_of_uri

_REMEMBERED = 1024


@lru_cache(_REMEMBERED)
def is_secret_document(uri: str) -> bool:
    """Whether the document at `uri` is neither to be shown nor completed in."""
    return is_secret_file(place_of_uri(uri))
