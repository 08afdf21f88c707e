"""Fetches a checkpoint from the Hugging Face hub into the hub's own cache on this machine.

Only `sc2-quantize convert` given the name of a repository comes here. The library resumes what
broke off, and honours HF_TOKEN, HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from quantize import __version__
from quantize.failures import BadInput, QuantizeError

# What a conversion reads; weights in the format that may run code are not among it.
_WANTED = ["*.json", "model*.safetensors", "README.md", "chat_template.jinja"]
_REFUSED = (401, 403)


def fetch(repository: str, revision: str | None) -> Path:
    """The folder in the cache with the checkpoint, fetched where it is not there yet.

    Raises QuantizeError.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # A second and more to import, for those who convert a folder as well.
    from httpx2 import HTTPError
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        folder = snapshot_download(
            repository,
            revision=revision,
            allow_patterns=_WANTED,
            library_name="sc2-quantize",
            library_version=__version__,
        )
    except GatedRepoError:
        raise BadInput(
            f"{repository} is open only to those who asked for it on its page at "
            f"{constants.ENDPOINT}; do so and set HF_TOKEN."
        ) from None
    except RevisionNotFoundError:
        raise BadInput(f"{repository} has no revision {revision!r}.") from None
    except RepositoryNotFoundError:
        raise BadInput(
            f"{repository} is no folder here, and {constants.ENDPOINT} has no such repository, or "
            "none that HF_TOKEN may read."
        ) from None
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        # The library tells of an answer that it did not expect as if it had no network.
        answer = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else error
        if isinstance(answer, HfHubHTTPError):
            status = answer.response.status_code
            then = "set HF_TOKEN" if status in _REFUSED else "try again in a while"
            raise QuantizeError(
                f"{constants.ENDPOINT} answers {status} for {repository}; {then}."
            ) from None
        raise QuantizeError(
            f"{repository} is not in the hub's cache, and {constants.ENDPOINT} cannot be reached "
            "or must not be (HF_HUB_OFFLINE)."
        ) from None
    except HTTPError as error:
        raise QuantizeError(
            f"{constants.ENDPOINT} broke off ({str(error) or type(error).__name__}); run it again, "
            "what has come is kept."
        ) from None
    except OSError as error:
        why = error.strerror or str(error).splitlines()[0]
        raise QuantizeError(
            f"{repository} could not be fetched ({why}); run it again, what has come is kept."
        ) from None
    return Path(folder)
