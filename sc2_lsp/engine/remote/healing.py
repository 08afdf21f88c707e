"""The word at the cursor written anew by a server that may not hold the model to it.

The prompt ends before the word. What comes is kept as long as it agrees with what was typed; where
it does not, the model is asked once more, with what was typed as the end of the prompt: what it
would have been asked without healing. So nothing is ever suggested that contradicts the user.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from sc2_lsp.engine.remote.protocol import Piece, ServerError


async def healed(
    held_to_it: AsyncGenerator[Piece, None], asked_plainly: AsyncGenerator[Piece, None], typed: str
) -> AsyncGenerator[Piece, None]:
    """The pieces of the first that begin with `typed`, else `typed` and those of the second."""
    async with aclosing(asked_plainly):
        held: list[Piece] = []
        written = ""
        try:
            async with aclosing(held_to_it):
                async for piece in held_to_it:
                    if len(written) >= len(typed):
                        yield piece
                        continue
                    written += piece.text
                    held.append(piece)
                    if piece.end or not (written.startswith(typed) or typed.startswith(written)):
                        break
                    if len(written) >= len(typed):
                        for one in held:
                            yield one
                else:
                    if len(written) >= len(typed):
                        return
        except ServerError as error:
            # Who knows no way to be held to a text says so before it writes any.
            if error.is_away or written:
                raise
        yield Piece(text=typed, tokens=(), n_evaluated=0, prompt_s=0.0, end="")
        async for piece in asked_plainly:
            yield piece
