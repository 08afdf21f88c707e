"""The file of metrics as the real server keeps it, over pipes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.lsp_client import Client

pytestmark = pytest.mark.server

A = "file:///r/secret_name.py"
SAMPLE = re.compile(r'[a-z0-9_]+(?:\{[a-z]+="[\w.+]+"(?:,[a-z]+="[\w.+]+")*\})? \d+(?:\.\d+)?')


def used(client: Client, metrics_file: object) -> None:
    """A session of two requests, of which one gets nothing."""
    client.initialize({"metrics_file": str(metrics_file)})
    client.open(A, "GO")
    assert client.complete(A, 0, 2)["items"]
    client.complete("file:///r/not_open.py", 0, 0)


def test_a_session_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "sc2.prom"
    with Client() as client:
        used(client, file)
        assert client.shut_down() == 0
    lines = file.read_text().splitlines()
    assert "sc2_requests_total 2" in lines
    assert "sc2_suggestions_total 1" in lines
    assert 'sc2_empty_answers_total{reason="unknown_document"} 1' in lines
    assert "sc2_latency_seconds_count 2" in lines
    assert lines[-1] == "# EOF"
    samples = [line for line in lines if not line.startswith("#")]
    assert [line for line in samples if not SAMPLE.fullmatch(line)] == []
    assert "secret" not in file.read_text()
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_of_one_process_goes_with_it(tmp_path: Path) -> None:
    with Client() as client:
        used(client, tmp_path / "sc2-{pid}.prom")
        assert client.shut_down() == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [("sc2.prom", "needs an absolute path"), ("/proc/self/sc2.prom", "cannot be written")],
)
def test_one_that_cannot_be_written_is_said_while_suggestions_go_on(
    setting: str, complaint: str
) -> None:
    with Client() as client:
        used(client, setting)
        message = client.inbox.wait_for(method="window/logMessage")["params"]["message"]
        assert complaint in message
        assert client.complete(A, 0, 2)["items"]
        assert client.shut_down() == 0


def test_nothing_is_written_unasked(tmp_path: Path) -> None:
    with Client() as client:
        used(client, "")
        assert client.shut_down() == 0
    assert not list(tmp_path.iterdir())
