"""Python, this package and what it needs, and whether llama.cpp loads and suits the processor."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from sc2_lsp import __version__
from sc2_lsp.doctor.check import Check, Situation, fail, ok, warn
from sc2_lsp.doctor.processor import flags_of_processor, lacking, unused, used_by

_DISTRIBUTION = "sc2-lsp"
_FIRST_PYTHON, _LAST_PYTHON = (3, 10), (3, 13)
_NEED = re.compile(r"([\w.-]+)\s*([^;]*)")
_BUILD_ANEW = (
    'pip install --force-reinstall --no-cache-dir --no-binary llama-cpp-python "llama-cpp-python'
    '>=0.3.36,<0.4" builds it for this processor.'
)


def installation(situation: Situation) -> Iterator[Check]:
    """Implements `Examine`."""
    yield _python(sys.version_info[:3])
    yield _packages(needs())
    yield _runtime(situation)
    if situation.probe.build is not None:
        yield processor(situation.probe.build.system_info, flags_of_processor())


def _python(version: tuple[int, int, int]) -> Check:
    found = f"Python {'.'.join(map(str, version))}, {sys.executable}"
    if _FIRST_PYTHON <= version[:2] <= _LAST_PYTHON:
        return ok("python", found)
    return warn("python", found, "Install sc2-lsp into an environment of Python 3.10 to 3.13.")


def needs() -> list[str]:
    """What this package says that it needs; empty where it runs without being installed."""
    try:
        return [need for need in metadata.requires(_DISTRIBUTION) or [] if "extra ==" not in need]
    except metadata.PackageNotFoundError:
        return []


def _packages(needed: list[str]) -> Check:
    where = Path(__file__).parents[1]
    if not needed:
        return ok("packages", f"sc2-lsp {__version__} runs from {where}, not installed.")
    wrong = [complaint for need in needed if (complaint := unmet(need))]
    if wrong:
        return fail("packages", f"{', '.join(wrong)}.", "Install sc2-lsp anew with pip.")
    found = f"sc2-lsp {__version__}, {where}, and the {len(needed)} packages that it needs."
    return ok("packages", found)


def unmet(need: str) -> str:
    """Why `name>=1,<2` is not met; empty where it is. Only whole versions are compared."""
    match = _NEED.match(need)
    assert match is not None, "pip wrote it"
    name, bounds = match[1], match[2]
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    for bound in filter(None, (bound.strip(" ()") for bound in bounds.split(","))):
        least, most = bound.startswith(">="), bound.startswith("<") and bound[1:2] != "="
        numbers = _numbers(bound.lstrip("<>="))
        if (least and _numbers(version) < numbers) or (most and _numbers(version) >= numbers):
            return f"{name} is of version {version}, and {bound} is needed"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    digits = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, digits[0].split("."))) if digits else ()


def _runtime(situation: Situation) -> Check:
    build, ending = situation.probe.build, situation.probe.ending
    if build is None:
        advice = f"Where that was SIGILL, it was built for another processor. {_BUILD_ANEW}"
        return fail("llama.cpp", f"llama.cpp does not load: {ending}.", advice)
    if build.gpus is None:
        gpus = "which GPUs it can use it does not tell"
    else:
        gpus = f"GPUs: {', '.join(build.gpus)}" if build.gpus else "for the processor alone"
    return ok("llama.cpp", f"llama-cpp-python {build.version} loads; {gpus}.")


def processor(system_info: str, flags: frozenset[str]) -> Check:
    """Whether llama.cpp was built for a processor with these flags."""
    used = ", ".join(used_by(system_info)) or "nothing special"
    if missing := lacking(system_info, flags):
        found = f"llama.cpp was built for {', '.join(missing)}, which this processor lacks."
        return fail("processor", found, _BUILD_ANEW)
    if spare := unused(system_info, flags):
        found = f"llama.cpp was built for {used}; this processor also has {', '.join(spare)}."
        return warn("processor", found, f"It would be faster: {_BUILD_ANEW}")
    return ok("processor", f"llama.cpp was built for {used}.")
