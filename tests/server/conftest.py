"""A server process around a fake service, fresh or shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.lsp_client import Client


@pytest.fixture
def fresh() -> Iterator[Client]:
    """A client of a server that waits for `initialize`."""
    with Client() as client:
        yield client


@pytest.fixture
def client(fresh: Client) -> Client:
    """A client of an initialized server of its own."""
    fresh.initialize()
    return fresh


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    """A client of an initialized server, for tests that leave nothing behind."""
    with Client() as client:
        client.initialize()
        yield client
