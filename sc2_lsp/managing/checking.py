"""Whether a file is the one that was meant, and a StarCoder2 model at all; changes nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sc2_lsp.engine.header import HeaderError, read_model_header
from sc2_lsp.models import own
from sc2_lsp.models.catalogue import Model

ARCHITECTURE = "starcoder2"
_READ_BYTES = 1 << 20


def complaint(path: Path, shown: str = "") -> str | None:
    """Why the file at `path` is no StarCoder2 model, in one sentence; None where it seems one."""
    shown = shown or str(path)
    try:
        header = read_model_header(path)
    except HeaderError as error:
        reason = error.__cause__ or error
        return (
            f"{shown} is no readable GGUF file ({reason}); `sc2-lsp model list` names models that "
            "work here."
        )
    architecture = header.metadata.get("general.architecture")
    if architecture != ARCHITECTURE:
        return (
            f"{shown} holds a model of architecture '{architecture}', and only StarCoder2 models "
            "work here."
        )
    return None


def difference(model: Model) -> str | None:
    """What of a downloaded model is not as it came, in one sentence; None where all of it is.

    Raises OSError where a file cannot be read.
    """
    source, place = own.source_of(model), own.place_of(model)
    if source is None:
        return (
            f"Nothing says what {place} has to be; `sc2-lsp model remove {model.name}` and pull it "
            "again."
        )
    for name, expected in source.sha256.items():
        path = place if model.file else place / name
        found = digests(path)[0]
        if found != expected:
            return (
                f"{path} is damaged: its SHA-256 is {found} and not {expected}; `sc2-lsp model "
                f"remove {model.name}` and pull it again."
            )
    return None


def digests(path: Path) -> tuple[str, str]:
    """The SHA-256 of a file, and the SHA-1 by which git knows it, in hexadecimal digits.

    Raises OSError.
    """
    sha256 = hashlib.sha256()
    git = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            sha256.update(block)
            git.update(block)
    return sha256.hexdigest(), git.hexdigest()
