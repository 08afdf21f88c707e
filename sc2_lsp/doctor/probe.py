"""Asks a process of its own about llama.cpp, which may not even load, and about a model's file."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass

import msgspec

from sc2_lsp.engine.launch import engine_environment
from sc2_lsp.launching import ROOT_FOLDER, module_command

_MODULE = "sc2_lsp.engine.probe"
_TIMEOUT_S = 60.0


class Build(msgspec.Struct, frozen=True):
    """llama-cpp-python's version, llama.cpp's own description, the GPUs; None if it cannot tell."""

    version: str
    system_info: str
    gpus: tuple[str, ...] | None


class _File(msgspec.Struct, frozen=True):
    problem: str | None


@dataclass(frozen=True, slots=True)
class Probe:
    """What was told. `build` is None where llama.cpp does not load, and `ending` says how that
    ended; `model_problem` is None where the model's metadata and vocabulary are as they must be."""

    build: Build | None
    ending: str
    model_problem: str | None


def probe(model_path: str, module: str = _MODULE) -> Probe:
    """Start the process and wait for it, a minute at most."""
    try:
        done = subprocess.run(
            module_command(module, model_path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=ROOT_FOLDER,
            env=engine_environment(os.environ),
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Probe(None, f"it did not answer within {_TIMEOUT_S:.0f} s", None)
    except OSError as error:
        return Probe(None, f"its process cannot be started: {error.strerror or error}", None)
    return _understood(done.stdout, _ending(done.returncode, done.stderr))


def _understood(output: bytes, ending: str) -> Probe:
    lines = output.splitlines()
    try:
        build = msgspec.json.decode(lines[0], type=Build)
    except (IndexError, msgspec.DecodeError):
        return Probe(None, ending, None)
    try:
        problem = msgspec.json.decode(lines[1], type=_File).problem
    except (IndexError, msgspec.DecodeError):
        problem = f"llama.cpp crashes when it reads the file: {ending}."
    return Probe(build, ending, problem)


def _ending(code: int, complaint: bytes) -> str:
    if code < 0:
        try:
            return f"the process was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"the process was ended by signal {-code}"
    words = [line.strip() for line in complaint.decode("utf-8", "replace").splitlines()]
    last = next((line for line in reversed(words) if line), "it gave no reason")
    return f"the process ended with code {code}: {last}"
