from __future__ import annotations

from pathlib import Path

from sc2_lsp.server.session import Session
from sc2_lsp.settings import Settings


def test_folders_come_and_go(tmp_path: Path) -> None:
    session = Session(Settings())
    session.add_folders([tmp_path.as_uri(), "untitled:nowhere"])
    assert list(session.repositories.values()) == [tmp_path.name]
    session.remove_folders([tmp_path.as_uri(), "file:///never/added"])
    assert session.repositories == {}


def test_a_message_is_news_once() -> None:
    session = Session(Settings())
    assert session.is_news("a")
    assert session.is_news("b")
    assert not session.is_news("a")
