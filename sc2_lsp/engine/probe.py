"""A process that loads llama.cpp, tells about it, and reads the metadata of a model.

It prints a line of JSON for each of the two, so that whoever started it knows how far it came where
it crashes: `{"version", "system_info", "gpus"}`, with null for GPUs that are not told of, and
`{"problem"}`, one sentence or null. No weights are loaded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sc2_lsp.engine.devices import build, gpus
from sc2_lsp.engine.loading import LogCapture, check_file
from sc2_lsp.ports import ModelError


def main(arguments: Sequence[str]) -> None:
    (model_path,) = arguments
    log = LogCapture()
    (version, system_info), found = build(), gpus()
    names = None if found is None else [gpu.name for gpu in found]
    _print({"version": version, "system_info": system_info, "gpus": names})
    try:
        check_file(model_path, log)
    except ModelError as error:
        _print({"problem": str(error)})
    else:
        _print({"problem": None})


def _print(found: object) -> None:
    print(json.dumps(found), flush=True)  # noqa: T201
