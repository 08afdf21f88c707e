"""Runs the tests in `inside` where there is no network but their own."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.support.lsp_client import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
]

ALONE = ("unshare", "--map-root-user", "--net", "--mount")


def test_in_a_network_of_its_own() -> None:
    may = shutil.which("unshare") and subprocess.run([*ALONE, "true"], capture_output=True)
    assert may, "util-linux's `unshare` is missing, without which no packets can be counted."
    assert may.returncode == 0, (
        "This machine lets nobody have a network namespace, so that no packets can be counted; "
        f"allow unprivileged user namespaces (kernel.unprivileged_userns_clone): {may.stderr!r}"
    )
    command = [
        *ALONE,
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "alone",
    ]
    done = subprocess.run(
        [*command, "tests/alone/inside"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
