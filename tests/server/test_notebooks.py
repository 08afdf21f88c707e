"""A cell of a notebook is completed as a part of the file that its cells make."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.lsp_client import Client, Message, partial

pytestmark = pytest.mark.server

BOOK = "file:///r/analysis.ipynb"
CODE, PROSE = 2, 1


def cell(name: str) -> str:
    return f"vscode-notebook-cell:/r/analysis.ipynb#{name}"


def described(name: str, kind: int = CODE) -> Message:
    return {"kind": kind, "document": cell(name)}


def document(name: str, text: str, language: str = "python") -> Message:
    return {"uri": cell(name), "languageId": language, "version": 1, "text": text}


def open_book(client: Client, *documents: Message) -> None:
    client.notify(
        "notebookDocument/didOpen",
        {
            "notebookDocument": {
                "uri": BOOK,
                "notebookType": "jupyter-notebook",
                "version": 1,
                "cells": [
                    {
                        "kind": PROSE if item["languageId"] == "markdown" else CODE,
                        "document": item["uri"],
                    }
                    for item in documents
                ],
            },
            "cellTextDocuments": list(documents),
        },
    )


def change_book(client: Client, **cells: Any) -> None:
    client.notify(
        "notebookDocument/didChange",
        {"notebookDocument": {"uri": BOOK, "version": 2}, "change": {"cells": cells}},
    )


def typed(name: str, *changes: Message) -> Message:
    return {"document": {"uri": cell(name), "version": 2}, "changes": list(changes)}


@pytest.fixture
def book(client: Client) -> Client:
    open_book(
        client,
        document("a", "import os"),
        document("b", "Load the data", "markdown"),
        document("c", "# 🐍\nx = SNAPSHOT\n"),
        document("d", "print(x)"),
    )
    return client


def test_notebooks_of_every_kind_are_asked_for(fresh: Client) -> None:
    result = fresh.initialize(
        capabilities={"notebookDocument": {"synchronization": {"dynamicRegistration": False}}}
    )
    assert result["capabilities"]["notebookDocumentSync"] == {
        "notebookSelector": [{"notebook": "*"}]
    }


def test_a_cell_is_shown_between_the_others(book: Client) -> None:
    snapshot = book.snapshot(cell("c"), 1, 12)
    assert snapshot["uri"] == BOOK
    assert snapshot["path"] == "analysis.ipynb"
    assert snapshot["language_id"] == "python"
    assert snapshot["before"] == "import os\n\n# Load the data\n\n# 🐍\nx = SNAPSHOT"
    assert snapshot["after"] == "\n\n\nprint(x)"
    assert snapshot["open_files"] == []


def test_the_answer_lands_in_the_cell(book: Client) -> None:
    place = {"line": 1, "character": 12}
    (item,) = book.complete(cell("c"), 1, 12)["items"]
    assert item["range"] == {"start": place, "end": place}
    change_book(book, textContent=[typed("c", partial(0, 0, 0, 4, "# 🐍🐍 SNAPSHOT"))])
    (item,) = book.complete(cell("c"), 0, 15)["items"]
    assert item["range"]["start"] == {"line": 0, "character": 15}


def test_the_entry_selected_in_the_editors_list_is_filled_in(book: Client) -> None:
    change_book(book, textContent=[typed("c", {"text": "x = SNA()"})])
    selected = {
        "range": {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 7}},
        "text": "SNAPSHOT",
    }
    (item,) = book.complete(cell("c"), 0, 7, selectedCompletionInfo=selected)["items"]
    assert item["range"] == selected["range"]
    assert '# Load the data\\n\\nx = SNAPSHOT", "after": "()\\n\\nprint(x)"' in item["insertText"]


def test_cells_are_added_moved_and_removed(book: Client) -> None:
    change_book(
        book,
        structure={
            "array": {"start": 1, "deleteCount": 0, "cells": [described("e")]},
            "didOpen": [document("e", "import re")],
        },
        textContent=[typed("e", partial(0, 9, 0, 9, ", sys"))],
    )
    assert book.snapshot(cell("c"), 1, 12)["before"].startswith(
        "import os\n\nimport re, sys\n\n# Load the data\n\n# 🐍"
    )
    moved = {"start": 0, "deleteCount": 2, "cells": [described("e"), described("a")]}
    change_book(book, structure={"array": moved})
    assert book.snapshot(cell("c"), 1, 12)["before"].startswith("import re, sys\n\nimport os\n\n")
    removed = {"array": {"start": 0, "deleteCount": 1}, "didClose": [{"uri": cell("e")}]}
    change_book(book, structure=removed)
    assert book.snapshot(cell("c"), 1, 12)["before"].startswith("import os\n\n# Load")
    assert book.complete(cell("e"), 0, 0) is None


def test_a_cell_can_change_its_kind_and_its_language(book: Client) -> None:
    change_book(book, data=[described("a", PROSE)])
    assert book.snapshot(cell("c"), 1, 12)["before"].startswith("# import os\n\n")
    again = {
        "array": {"start": 0, "deleteCount": 1, "cells": [described("a")]},
        "didClose": [{"uri": cell("a")}],
        "didOpen": [document("a", "ls", "shellscript")],
    }
    change_book(book, structure=again)
    assert book.snapshot(cell("c"), 1, 12)["before"].startswith("# ls\n\n")


def test_other_kernels(client: Client) -> None:
    open_book(
        client,
        document("a", "Load", "markdown"),
        document("b", 'library("dplyr")', "r"),
        document("c", "SNAPSHOT", "r"),
    )
    snapshot = client.snapshot(cell("c"), 0, 8)
    assert snapshot["before"] == '# Load\n\nlibrary("dplyr")\n\nSNAPSHOT'
    assert snapshot["language_id"] == "r"


def test_a_notebook_is_context_of_other_files(book: Client) -> None:
    change_book(book, textContent=[typed("c", {"text": "y = 2"})])
    change_book(book, textContent=[typed("c", partial(0, 5, 0, 5, "3"))])
    book.open("file:///r/a.py", "SNAPSHOT")
    text = "import os\n\n# Load the data\n\ny = 23\n\nprint(x)"
    place = text.index("23") + 2
    assert book.snapshot("file:///r/a.py", 0, 8)["open_files"] == [["analysis.ipynb", text, place]]


def test_a_closed_notebook_is_forgotten(book: Client) -> None:
    book.notify(
        "notebookDocument/didClose",
        {
            "notebookDocument": {"uri": BOOK},
            "cellTextDocuments": [{"uri": cell("a")}, {"uri": cell("b")}],
        },
    )
    assert book.stats()["open_documents"] == 0
    assert book.complete(cell("c"), 1, 12) is None
    book.open("file:///r/e.py", "ENGINE")
    assert book.snapshot("file:///r/e.py", 0, 6)["forgotten"] == [BOOK]


def test_the_first_cell_of_code_is_prepared(book: Client) -> None:
    book.open("file:///r/e.py", "ENGINE")
    assert book.snapshot("file:///r/e.py", 0, 6)["opened"] == ["analysis.ipynb", "e.py"]


def test_a_change_of_a_notebook_that_is_not_open_is_ignored(client: Client) -> None:
    change_book(client, structure={"array": {"start": 3, "deleteCount": 9}})
    change_book(client, data=[described("a")], textContent=[typed("a", {"text": "x"})])
    client.open("file:///r/a.py", "SNAPSHOT")
    assert client.snapshot("file:///r/a.py", 0, 8)["open_files"] == []
