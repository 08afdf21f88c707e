"""How many tokens each part of a prompt may have."""

from __future__ import annotations

from dataclasses import dataclass

from sc2_lsp.prompt.starcoder2 import N_CONTROL_TOKENS

_LONGEST_REPOSITORY_NAME = 32
_TYPED = 512


@dataclass(frozen=True, slots=True)
class Budget:
    """Most tokens for the files before the current one, for its prefix and for its suffix.

    `repository` bounds the repository's name; `context` includes a separator for each file.
    `typed` is room for the text between the anchor and the cursor.
    """

    repository: int
    context: int
    prefix: int
    suffix: int
    typed: int = _TYPED


def share(n_ctx: int, max_tokens: int, wanted: Budget) -> Budget:
    """`wanted`, cut so that prompt and generation fit `n_ctx` tokens together.

    Other files give way first, then prefix and suffix in proportion; the prefix keeps at least one
    token, and typed text at least one and at most a quarter of what there is.
    """
    repository = min(wanted.repository, _LONGEST_REPOSITORY_NAME)
    room = max(n_ctx - max_tokens - N_CONTROL_TOKENS - repository, 2)
    typed = max(min(wanted.typed, room // 4), 1)
    room -= typed
    file = max(wanted.prefix + wanted.suffix, 1)
    suffix = min(wanted.suffix, wanted.suffix * room // file, room - 1)
    prefix = max(min(wanted.prefix, room - suffix), 1)
    context = min(wanted.context, room - prefix - suffix)
    return Budget(repository, context, prefix, suffix, typed)
