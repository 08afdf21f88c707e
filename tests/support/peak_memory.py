"""The most memory that a child has had, told by the child itself.

What the system tells a parent of its child includes, on Linux, what the parent had when it forked:
a test run of two gigabytes would hide whatever the child does.
"""

from __future__ import annotations

PRINT_PEAK = r"""
import re, resource, sys
from pathlib import Path
status = Path("/proc/self/status")
if status.exists():
    print(int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) * 1024)
else:
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
"""
"""Python that prints the peak of its own process, in bytes."""
