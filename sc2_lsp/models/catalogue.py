"""The models that sc2-lsp knows by name, from `catalogue.json` beside this file; touches no other.

Sizes are rounded, as the hub's pages show them, and hashes stand there only where such a page was
seen to state them; what a download has to be is taken from the hub at the time. The precision of a
checkpoint's weights is told from its size.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

_FILE = Path(__file__).with_name("catalogue.json")
_HUB = "https://huggingface.co"


class Licence(msgspec.Struct, frozen=True):
    """A licence of weights; one that `asks` has to be accepted before they are fetched."""

    id: str
    title: str
    url: str
    summary: str
    asks: bool


class Model(msgspec.Struct, frozen=True):
    """A known model: one GGUF file of a hub repository, a whole checkpoint, or the bundled one.

    `revision` is the branch or commit to fetch, `size_bytes` about what will be fetched, `sha256`
    in hexadecimal digits. `shape` names the sizes of its layers, `parameters` their number in short
    form (`3B`).
    """

    name: str
    title: str
    kind: Literal["bundled", "gguf", "checkpoint"]
    shape: str
    parameters: str
    quantization: str
    licence: str
    repository: str
    revision: str
    file: str
    size_bytes: int | None
    sha256: str | None

    @property
    def url(self) -> str:
        """The page of the hub that describes it; empty where there is none."""
        return f"{_HUB}/{self.repository}" if self.repository else ""


class _Catalogue(msgspec.Struct, frozen=True):
    licences: tuple[Licence, ...]
    models: tuple[Model, ...]


def known_models() -> tuple[Model, ...]:
    """All of them, the bundled one first, then by size."""
    return _catalogue().models


def find(name: str) -> Model | None:
    """The model of this name, upper and lower case alike; None where it is no name of ours."""
    wanted = name.lower()
    return next((model for model in known_models() if model.name == wanted), None)


def licence_of(model: Model) -> Licence:
    """The licence of a known model."""
    return next(licence for licence in _catalogue().licences if licence.id == model.licence)


@lru_cache(maxsize=1)
def _catalogue() -> _Catalogue:
    return msgspec.json.decode(_FILE.read_bytes(), type=_Catalogue)
