"""Says in one sentence what an installation lacks, before anything is downloaded or compiled.

    python install/preflight.py VENV

The Makefile runs it with the Python that the user named, so this file has to be understood by every
Python from 2.7 on. It prints nothing and ends with 0 where the installation may go ahead, and ends
with 1 after one sentence on stderr where it may not. It changes nothing.
"""

from __future__ import print_function

import os
import shlex
import shutil
import subprocess
import sys
import tempfile

OLDEST = (3, 10)
NEWEST = (3, 13)

# llama.cpp is C and C++17; a compiler without its standard library or linker is of no use.
SOURCES = {
    "probe.c": "#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n",
    "probe.cpp": "#include <optional>\n#include <thread>\nint main() { return *std::optional(0); }",
}

# Run inside the virtual environment, if there is one.
DESCRIBE = (
    "import importlib.util as u, sys; "
    "print(sys.version_info[0], sys.version_info[1], int(bool(u.find_spec('llama_cpp'))))"
)


def main(arguments):
    """The exit code for the command line `arguments`: the folder of the virtual environment."""
    complaint = find_complaint(arguments[0] if arguments else ".venv")
    if complaint is None:
        return 0
    print("sc2-lsp: " + complaint, file=sys.stderr)
    return 1


def find_complaint(venv):
    """One sentence on what is missing to install into `venv`, or None."""
    python = python_of(venv)
    if python is None:
        version = tuple(sys.version_info[:2])
        return check_version(version, sys.executable) or check_venv() or check_compilers()
    described = describe(python)
    if described is None:
        return (
            "the Python of '%s' does not start any more; remove that folder and try again." % venv
        )
    version, has_llama = described
    return check_version(version, python) or (None if has_llama else check_compilers())


def python_of(venv):
    """The interpreter of the virtual environment, or None where there is none yet."""
    for place in (("bin", "python"), ("Scripts", "python.exe")):
        path = os.path.join(venv, *place)
        if os.path.lexists(path):
            return path
    return None


def describe(python):
    """The version of an interpreter and whether it has llama-cpp-python; None if it is broken."""
    try:
        words = subprocess.check_output([python, "-I", "-c", DESCRIBE]).split()
    except (OSError, subprocess.CalledProcessError):
        return None
    return (int(words[0]), int(words[1])), words[2] == b"1"


def check_version(version, python):
    """A sentence if the interpreter `python`, of this `version`, is not supported."""
    if OLDEST <= version <= NEWEST:
        return None
    return (
        "Python %d.%d to %d.%d is needed, but '%s' is Python %d.%d; "
        "name another one, for example 'make PYTHON=python3.12 demo'."
    ) % (OLDEST + NEWEST + (python,) + version)


def check_venv():
    """A sentence if this Python cannot make virtual environments, as on Debian at first."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return (
            "this Python cannot make virtual environments; install its 'venv' module "
            "(Debian, Ubuntu: apt install python3-venv)."
        )
    return None


def check_compilers():
    """A sentence if llama.cpp cannot be compiled. On Windows CMake finds Visual Studio itself."""
    if os.name == "nt":
        return None
    for language, variable, usual, source in (
        ("C++17", "CXX", ("c++", "g++", "clang++"), "probe.cpp"),
        ("C", "CC", ("cc", "gcc", "clang"), "probe.c"),
    ):
        chosen = os.environ.get(variable)
        tried = (chosen,) if chosen else usual
        if not any(compiles(command, source) for command in tried):
            return (
                "no working %s compiler was found (tried %s), and llama.cpp is compiled once "
                "during installation; install one (Debian, Ubuntu: apt install build-essential; "
                "Fedora: dnf install gcc-c++; macOS: xcode-select --install) or use a prebuilt "
                "wheel as README.md describes."
            ) % (language, ", ".join(tried))
    return None


def compiles(command, source):
    """Whether the compiler turns a small program into an executable."""
    words = shlex.split(command)
    if not words or not shutil.which(words[0]):
        return False
    folder = tempfile.mkdtemp(prefix="sc2-preflight-")
    try:
        path = os.path.join(folder, source)
        with open(path, "w") as file:
            file.write(SOURCES[source])
        standard = ["-std=c++17"] if source.endswith(".cpp") else []
        out = os.path.join(folder, "probe")
        process = subprocess.Popen(
            words + standard + ["-pthread", path, "-o", out],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.communicate()
        return process.returncode == 0
    except OSError:
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
