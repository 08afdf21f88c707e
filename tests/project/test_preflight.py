"""The check before an installation, and that every Python understands it."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.project.tree import PYPROJECT, ROOT

SCRIPT = ROOT / "install" / "preflight.py"

posix_only = pytest.mark.skipif(os.name == "nt", reason="CMake finds Windows' compilers itself")


@pytest.fixture
def preflight() -> ModuleType:
    spec = importlib.util.spec_from_file_location("preflight", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def no_venv(tmp_path: Path) -> str:
    return str(tmp_path / "none")


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12), (3, 13)])
def test_supported_versions(preflight: ModuleType, version: tuple[int, int]) -> None:
    assert preflight.check_version(version, "python3") is None


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 14), (4, 0)])
def test_unsupported_versions(preflight: ModuleType, version: tuple[int, int]) -> None:
    complaint = preflight.check_version(version, "/usr/bin/python3")
    assert complaint.startswith("Python 3.10 to 3.13 is needed, but '/usr/bin/python3' is Python ")
    assert "{}.{};".format(*version) in complaint


def test_the_versions_are_the_project_s(preflight: ModuleType) -> None:
    oldest, newest = preflight.OLDEST, preflight.NEWEST
    wanted = PYPROJECT["project"]["requires-python"]
    assert wanted == f">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"


@posix_only
def test_no_compiler(
    preflight: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_venv: str
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    complaint = preflight.find_complaint(no_venv)
    assert complaint.startswith("no working C++17 compiler was found (tried c++, g++, clang++)")


@posix_only
def test_a_compiler_that_cannot_compile(
    preflight: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_venv: str
) -> None:
    write_program(tmp_path / "broken-c++", "exit 1")
    monkeypatch.setenv("CXX", str(tmp_path / "broken-c++"))
    assert "(tried " + str(tmp_path) in preflight.find_complaint(no_venv)


@posix_only
def test_a_c_compiler_is_needed_too(
    preflight: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_venv: str
) -> None:
    write_program(tmp_path / "works", "exit 0")
    monkeypatch.setenv("CXX", f"{tmp_path / 'works'} -O0")
    monkeypatch.setenv("CC", "no-such-compiler")
    assert "no working C compiler" in preflight.find_complaint(no_venv)


@posix_only
def test_nothing_is_missing(
    preflight: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_venv: str
) -> None:
    write_program(tmp_path / "works", "exit 0")
    monkeypatch.setenv("CXX", str(tmp_path / "works"))
    monkeypatch.setenv("CC", str(tmp_path / "works"))
    assert preflight.find_complaint(no_venv) is None


@posix_only
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("echo 3 12 1", None),
        ("echo 3 12 0", "no working C++17 compiler"),
        ("echo 3 9 1", "Python 3.10 to 3.13 is needed"),
        ("exit 1", "does not start any more"),
    ],
)
def test_an_environment_that_is_there(
    preflight: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    answer: str,
    expected: str | None,
) -> None:
    write_program(tmp_path / "venv" / "bin" / "python", answer)
    monkeypatch.setenv("CXX", "no-such-compiler")
    complaint = preflight.find_complaint(str(tmp_path / "venv"))
    assert complaint is None if expected is None else expected in complaint


def test_no_venv_module(preflight: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert "apt install python3-venv" in preflight.check_venv()


def test_one_sentence_on_stderr(tmp_path: Path) -> None:
    environment = {**os.environ, "CXX": "no-such-compiler", "CC": "no-such-compiler"}
    if os.name == "nt":
        environment = dict(os.environ)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path / "none")],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
    if os.name != "nt":
        assert done.returncode == 1
        assert done.stderr.startswith("sc2-lsp: ")
        assert done.stderr.count("\n") == 1


def test_old_pythons_can_read_it() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="ascii"), feature_version=(3, 4))
    too_new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef)
    assert not [node for node in ast.walk(tree) if isinstance(node, too_new)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert not [node.name for node in functions if node.returns or node.args.kwonlyargs]


@pytest.mark.parametrize("name", ["python2", "python2.7", "python3.6", "python3.8", "python3.9"])
def test_with_an_old_python_at_hand(name: str, tmp_path: Path) -> None:
    program = shutil.which(name)
    if program is None or subprocess.run([program, "-V"], capture_output=True).returncode:
        return
    done = subprocess.run(
        [program, str(SCRIPT), str(tmp_path / "none")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Python 3.10 to 3.13 is needed" in done.stderr
    assert "Traceback" not in done.stderr
