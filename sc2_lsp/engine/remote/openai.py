"""The manner of OpenAI's completions, `/v1/completions`, as several programs offer it.

Source: platform.openai.com/docs/api-reference/completions, and each program's own fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sc2_lsp.engine.remote.protocol import Piece, ServerError

_DATA = "data:"
_DONE = "[DONE]"

PATH = "/v1/completions"


@dataclass(frozen=True, slots=True)
class OpenAi:
    """Implements `Manner`. `fields` go with every request, `hold` makes those for a typed text.

    `hides_control`: a control token comes as an empty text, and only some of them are an end.
    """

    model: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    hold: Callable[[str], Mapping[str, Any]] | None = None
    page: str = "/v1/models"
    hides_control: bool = False

    @property
    def path(self) -> str:
        return PATH

    def asked(self, prompt: list[int] | str, n_tokens: int, typed: str) -> Mapping[str, Any]:
        return {
            "model": self.model,
            "prompt": prompt,
            "max_tokens": n_tokens,
            "stream": True,
            "temperature": 0.0,
            **self.fields,
            **(self.hold(typed) if self.hold and typed else {}),
        }

    def pieces(self, line: str) -> Sequence[Piece]:
        if not line.startswith(_DATA):
            return ()
        data = line.removeprefix(_DATA).strip()
        if data == _DONE:
            raise ServerError("was interrupted", is_away=False)
        answer = json.loads(data)
        if "error" in answer:
            raise ServerError("broke off with an error", is_away=False)
        if not answer["choices"]:
            return ()
        choice = answer["choices"][0]
        text = str(choice.get("text") or "")
        tokens = tuple(int(token) for token in choice.get("token_ids") or ())
        n_evaluated = _n_evaluated(answer.get("usage") or {})
        pieces = [Piece(text, tokens, n_evaluated, 0.0, "")] if text or tokens else []
        end = str(choice.get("finish_reason") or "")
        if end or (self.hides_control and not text):
            end = end or "special"
            pieces.append(Piece("", (), n_evaluated, 0.0, "limit" if end == "length" else end))
        return pieces


def _n_evaluated(usage: Mapping[str, Any]) -> int:
    """How much of the prompt was not cached, where the server tells both numbers; else 0."""
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    return 0 if cached is None else max(0, int(usage.get("prompt_tokens") or 0) - int(cached))
