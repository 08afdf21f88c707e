"""What this build of llama.cpp uses of the processor, beside what the processor has.

llama.cpp says so in its own words, Linux in others; other systems are not asked.
"""

from __future__ import annotations

import re
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_USED = re.compile(r"(\w+) = 1\b")
_FLAGS = re.compile(r"^(?:flags|Features)\s*:(.*)$", re.MULTILINE)

# llama.cpp's name of what it was built for, and Linux's name of the same.
_NAMES = {
    "SSE3": "pni",
    "SSSE3": "ssse3",
    "AVX": "avx",
    "AVX2": "avx2",
    "AVX_VNNI": "avx_vnni",
    "F16C": "f16c",
    "FMA": "fma",
    "BMI2": "bmi2",
    "AVX512": "avx512f",
    "AVX512_VBMI": "avx512vbmi",
    "AVX512_VNNI": "avx512_vnni",
    "AVX512_BF16": "avx512_bf16",
    "AMX_INT8": "amx_int8",
    "DOTPROD": "asimddp",
    "MATMUL_INT8": "i8mm",
    "SVE": "sve",
}
# What makes generation or prompts much faster where it is used.
_WORTH_HAVING = ("AVX2", "FMA", "F16C", "AVX512", "DOTPROD", "MATMUL_INT8")


def flags_of_processor(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """Linux's names of what the processor has; empty where nobody says."""
    try:
        found = _FLAGS.search(cpuinfo.read_text("ascii", "replace"))
    except OSError:
        return frozenset()
    return frozenset(found[1].split()) if found else frozenset()


def used_by(system_info: str) -> tuple[str, ...]:
    """What llama.cpp was built for, by its own names."""
    return tuple(name for name in _USED.findall(system_info) if name in _NAMES)


def lacking(system_info: str, flags: frozenset[str]) -> tuple[str, ...]:
    """What llama.cpp was built for and the processor does not have: it crashes when it is used."""
    if not flags:
        return ()
    return tuple(name for name in used_by(system_info) if _NAMES[name] not in flags)


def unused(system_info: str, flags: frozenset[str]) -> tuple[str, ...]:
    """What the processor has that would make llama.cpp faster, had it been built for it."""
    used = used_by(system_info)
    return tuple(name for name in _WORTH_HAVING if _NAMES[name] in flags and name not in used)
