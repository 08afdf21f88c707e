from __future__ import annotations

import pytest

from sc2_lsp.workspace.uris import (
    name_of_uri,
    normal_path,
    path_of_uri,
    place_of_uri,
    scheme_of_uri,
)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/a/b.py", "/home/a/b.py"),
        ("file:/home/a/b.py", "/home/a/b.py"),
        ("file://localhost/home/b.py", "/home/b.py"),
        ("FILE:///home/b.py", "/home/b.py"),
        ("file:///a%20b/%C3%A9%E2%82%AC.py", "/a b/é€.py"),
        ("file:///a%2Fb%zz%", "/a/b%zz%"),
        ("file:///bad%FFbyte", "/bad\ufffdbyte"),
        ("file:///a.py?x#y", "/a.py"),
        ("file:///a%23b%3Fc.py", "/a#b?c.py"),
        ("file:///c%3A/Users/x.py", "c:/Users/x.py"),
        ("file:///C:/Users/x.py", "c:/Users/x.py"),
        ("file:///C:\\Users\\x.py", "c:/Users/x.py"),
        ("file:///c:", "c:"),
        ("file://server/share/x.py", "//server/share/x.py"),
        ("file:///back\\slash.py", "/back\\slash.py"),
        ("file:///", "/"),
        ("untitled:Untitled-1", None),
        ("git:/home/a.py?ref", None),
        ("vscode-notebook-cell:/a/b.ipynb#X1", None),
        ("/home/a.py", None),
        ("", None),
        ("file://[", "//[/"),
    ],
)
def test_path_of_uri(uri: str, path: str | None) -> None:
    assert path_of_uri(uri) == path


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("untitled:Untitled-1", "Untitled-1"),
        ("untitled:/home/x/new%20file.py", "new file.py"),
        ("git:/home/a.py?ref", "a.py"),
        ("a.py", "a.py"),
        ("", ""),
    ],
)
def test_name_of_uri(uri: str, name: str) -> None:
    assert name_of_uri(uri) == name


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("file:///home/a%20b/x", "/home/a b/x"),
        ("file:///C:\\Users\\x", "c:/Users/x"),
        ("untitled:/home/x/new%20file.py?a", "/home/x/new file.py"),
        ("vscode-remote://host/home/x#y", "//host/home/x"),
        ("vscode-notebook-cell:/a/b.ipynb#X1", "/a/b.ipynb"),
        ("/home/a.py", "/home/a.py"),
        ("", ""),
    ],
)
def test_place_of_uri(uri: str, place: str) -> None:
    assert place_of_uri(uri) == place


def test_a_drive_is_no_scheme() -> None:
    assert scheme_of_uri("C:/x.py") == ""
    assert scheme_of_uri("untitled:x") == "untitled"


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/a/b", "/a/b"),
        ("/a\\b", "/a\\b"),
        ("C:\\a\\b", "c:/a/b"),
        ("C:/a", "c:/a"),
        ("\\\\server\\share\\a", "//server/share/a"),
        ("cc:/a", "cc:/a"),
    ],
)
def test_normal_path(path: str, normal: str) -> None:
    assert normal_path(path) == normal
