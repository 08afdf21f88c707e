"""Asks the hub what a model consists of, and fetches one file of it.

Decides nothing of names and folders on this machine, and trusts nothing that it is told: names with
folders in them are refused, and whoever fetches compares sizes and digests. Every failure is a
HubError of one sentence.
"""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from httpx2 import HTTPError
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub import try_to_load_from_cache as _from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from sc2_lsp import __version__
from sc2_lsp.models.catalogue import Model

_SAFE_NAME = re.compile(r"[\w-][\w.-]*")
_CHECKPOINT_NAME = re.compile(r".*\.(?:safetensors|json)|merges\.txt|LICENSE|README\.md")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FULL_DISK = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

# It logs each attempt to go on after a broken connection, and the user sees the bar stand still.
logging.getLogger("huggingface_hub").setLevel(logging.ERROR)


class HubError(Exception):
    """The hub cannot be asked or gives no usable answer; the message is one for the user."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository. `digest` is its SHA-256, or git's SHA-1 of it for small ones."""

    name: str
    n_bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Remote:
    """What there is to fetch of a model: files of one commit."""

    repository: str
    commit: str
    files: tuple[RemoteFile, ...]

    @property
    def n_bytes(self) -> int:
        return sum(file.n_bytes for file in self.files)


def look_up(model: Model) -> Remote:
    """What the hub has of a model of the catalogue now; raises HubError."""
    with _failures_as_sentences(model.repository, model.file):
        remote = _one_file(model) if model.file else _checkpoint(model)
    for file in remote.files:
        if not (_SAFE_NAME.fullmatch(file.name) and _DIGEST.fullmatch(file.digest)):
            raise HubError(
                f"{_endpoint()} does not say what {file.name!r} of {model.repository} has to be, "
                "so it cannot be checked; try another mirror."
            )
    return remote


def fetch(remote: Remote, name: str, n_bytes: int, part: Path, tell: Callable[[int], None]) -> None:
    """Fetch what `part` lacks of one file and append it; `tell` is given the bytes that are there.

    Whatever has come stays in `part` if this is interrupted. Raises HubError.
    """
    with _failures_as_sentences(remote.repository, name), part.open("ab") as file:
        counting = _Counting(file, tell)
        tell(counting.tell())
        http_get(
            hf_hub_url(remote.repository, name, revision=remote.commit),
            counting,  # type: ignore[arg-type]
            resume_size=counting.tell(),
            headers=_headers(),
            expected_size=n_bytes,
        )


def cached(remote: Remote, name: str) -> Path | None:
    """Where another program has put the same file into the hub's cache, if one has."""
    found = _from_cache(remote.repository, name, revision=remote.commit)
    return Path(found) if isinstance(found, str) else None


def cached_offline(model: Model) -> tuple[Remote, Path] | None:
    """The file of `model` in the hub's cache as it was when somebody fetched it; None if not."""
    found = _from_cache(model.repository, model.file, revision=model.revision)
    if not model.file or not isinstance(found, str):
        return None
    path = Path(found)
    digest = model.sha256 or path.resolve().name
    if not _DIGEST.fullmatch(digest):
        return None
    file = RemoteFile(model.file, path.stat().st_size, digest)
    return Remote(model.repository, path.parent.name, (file,)), path


def is_offline() -> bool:
    """Whether the user has forbidden the library to use the network."""
    return bool(constants.is_offline_mode())


def _one_file(model: Model) -> Remote:
    url = hf_hub_url(model.repository, model.file, revision=model.revision)
    found = get_hf_file_metadata(url, library_name="sc2-lsp", library_version=__version__)
    file = RemoteFile(model.file, found.size or 0, found.etag or "")
    return Remote(model.repository, found.commit_hash or model.revision, (file,))


def _checkpoint(model: Model) -> Remote:
    # Larger than the rest of the library, and needed for nothing else.
    from huggingface_hub import HfApi

    api = HfApi(library_name="sc2-lsp", library_version=__version__)
    info = api.model_info(model.repository, revision=model.revision, files_metadata=True)
    files = [
        RemoteFile(
            file.rfilename,
            file.size or 0,
            (file.lfs.sha256 if file.lfs else file.blob_id) or "",
        )
        for file in info.siblings or ()
        if _SAFE_NAME.fullmatch(file.rfilename) and _CHECKPOINT_NAME.fullmatch(file.rfilename)
    ]
    if not any(file.name.endswith(".safetensors") for file in files):
        raise HubError(f"{model.repository} holds no safetensors at {_endpoint()}.")
    return Remote(model.repository, info.sha or model.revision, tuple(files))


def _headers() -> dict[str, str]:
    return dict(build_hf_headers(library_name="sc2-lsp", library_version=__version__))


def _endpoint() -> str:
    return str(constants.ENDPOINT)


@contextmanager
def _failures_as_sentences(repository: str, name: str) -> Iterator[None]:
    what = f"{name} of {repository}" if name else repository
    try:
        yield
    except OfflineModeIsEnabled:
        raise HubError(
            f"{what} is not in the hub's cache, and HF_HUB_OFFLINE forbids to fetch it."
        ) from None
    except GatedRepoError:
        raise HubError(
            f"{repository} is open only to those who asked for it on its page at {_endpoint()}; do "
            "so and set HF_TOKEN."
        ) from None
    except RepositoryNotFoundError as error:
        raise HubError(_refusal(error.response.status_code, what)) from None
    except (EntryNotFoundError, RevisionNotFoundError):
        raise HubError(_refusal(404, what)) from None
    except HfHubHTTPError as error:
        raise HubError(_refusal(error.response.status_code, what)) from None
    except HTTPError as error:
        raise HubError(
            f"{_endpoint()} cannot be reached ({str(error) or type(error).__name__}); check the "
            "network and pull again, what has come is kept."
        ) from None
    except OSError as error:
        raise HubError(_disk_or_connection(error, what)) from None
    except ValueError as error:
        raise HubError(f"{what} cannot be fetched from {_endpoint()}: {error}") from None


def _refusal(status: int, what: str) -> str:
    if status in (401, 403):
        return (
            f"{_endpoint()} refuses {what} ({status}); set HF_TOKEN to a token that may read it, "
            "or correct the one that is set."
        )
    if status == 404:
        return f"{_endpoint()} does not have {what} (404)."
    if status == 429:
        return f"{_endpoint()} has had too many requests from here (429); pull again in a while."
    return f"{_endpoint()} answers {status} for {what}; pull again in a while."


def _disk_or_connection(error: OSError, what: str) -> str:
    if error.errno in _FULL_DISK:
        return (
            f"The disk is full ({error.strerror}); make room and pull again, what has come is kept."
        )
    if error.errno is not None:
        return f"{what} cannot be written: {error.strerror}."
    return f"{what} came incomplete from {_endpoint()}; pull again, what has come is kept."


class _Counting:
    """A file to append to that tells how much is in it."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], None]) -> None:
        self._file = file
        self._tell = tell

    def write(self, data: bytes) -> int:
        n_bytes = self._file.write(data)
        # What is not on the disk when the process is killed has to be fetched again.
        self._file.flush()
        self._tell(self._file.tell())
        return n_bytes

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def truncate(self) -> int:
        return self._file.truncate()
