"""The child process: reads one job from standard input, reports in lines of JSON.

Standard output is kept for the reports: whatever prints there goes to standard error instead. When
standard input ends, its parent is gone or wants no more, and the process ends at once.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import traceback
from typing import Any

from quantize.failures import QuantizeError

JOBS = ("quantize", "imatrix", "compare", "survey")


def main() -> None:
    """Do the one job that standard input asks for."""
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.readline())
    if request["job"] not in JOBS:
        raise ValueError(f"no job is named {request['job']!r}")
    threading.Thread(target=_end_with_the_parent, daemon=True).start()

    def tell(event: str, /, **values: Any) -> None:
        reports.write(json.dumps({"event": event, **values}) + "\n")
        reports.flush()

    try:
        job = importlib.import_module(f"quantize.jobs.{request['job']}")
        tell("result", value=job.run(request["options"], tell))
    except QuantizeError as error:
        tell("failure", kind=type(error).__name__, message=str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        tell("failure", kind="QuantizeError", message=f"{where}{error.strerror or error}.")
    except BaseException:
        # The interpreter cannot end in order while the other thread reads.
        traceback.print_exc()
        os._exit(1)
    # llama.cpp's own threads and tables need no tidying up.
    os._exit(0)


def _end_with_the_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)
