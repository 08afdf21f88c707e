from __future__ import annotations

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_lsp.index import schema
from sc2_lsp.index.limits import Limits
from sc2_lsp.index.memory import Memory
from sc2_lsp.index.place import Place
from sc2_lsp.index.reader import Reader
from sc2_lsp.index.reading import read_file
from sc2_lsp.index.store import Store, open_store

FILES = {
    "shop/cart.py": '''\
import decimal as d


class Cart(Base):
    """What somebody wants to buy."""

    def add_item(self, item: Item) -> None:
        self.items.append(item)

    def total_price(self) -> Decimal:
        return sum(item.price for item in self.items)
''',
    "shop/items.py": "class Item:\n    price: int\n\n\ndef add_item(x): return x\n",
    "web/items.py": "def render_items(cart):\n    return template.render(cart)\n",
    "items.py": "ITEMS = []\n",
    "notes.txt": "The total price has taxes.\n",
}


class Repository:
    """Files below a root, and what is written of them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.place = Place(self.root, folder / "a.db", folder / "a.lock")
        self.store: Store | None = None

    def write(self, path: str, text: str) -> None:
        self.put(path, text)
        assert self.store is not None
        self.store.commit()

    def remove(self, path: str) -> None:
        assert self.store is not None
        (self.root / path).unlink(missing_ok=True)
        self.store.remove([path])
        self.store.commit()

    def put(self, path: str, text: str) -> None:
        self.store = self.store or open_store(self.place, "test")
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        self.store.put([read_file(str(self.root), path, Limits(), lambda digest: False)])


def everything(reader: Reader) -> list[object]:
    """What a reader says of names, words and paths that the texts of `TEXTS` have."""
    names = ["add", "Add", "Cart", "total", "nothing"]
    return [
        *(reader.definitions(names, limit) for limit in (1, 10)),
        *(reader.members(names, limit) for limit in (1, 10)),
        *(reader.search([word, "cart"], 3) for word in ("add", "common", "total", "nothing")),
        *(reader.outline_of(path) for path in PATHS),
        *(reader.imports_of(path) for path in PATHS),
        *(reader.read(path) for path in PATHS),
        reader.paths_ending(["a.py", "b.py"], 10),
    ]


PATHS = ("a.py", "b.py", "in/a.py", "in/b.txt")
TEXTS = (
    "class Cart:\n    def add(self): ...\n    def total(self): ...\n",
    "import cart\n\ndef add(cart): return cart.total()\n",
    "from cart import Add\n\nclass Add(Cart):\n    total = 1\n",
    "common words of a cart\n",
    "common\n" * 50,
)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def reader(repository: Repository) -> Reader:
    for path, text in FILES.items():
        repository.write(path, text)
    return Reader(repository.place)


def names(found: object) -> list[str]:
    assert isinstance(found, list)
    return [f"{one.path}:{one.definition.container}.{one.definition.name}" for one in found]


def test_definitions_are_found_by_their_exact_names(reader: Reader) -> None:
    found = reader.definitions(["add_item", "Add_Item", "nothing"], 10)
    assert names(found) == ["shop/cart.py:Cart.add_item", "shop/items.py:.add_item"]
    assert found[0].definition.signature == "def add_item(self, item: Item) -> None:"
    assert len(reader.definitions(["add_item"], 1)) == 1


def test_members_are_found_by_what_is_around_them(reader: Reader) -> None:
    assert names(reader.members(["Cart"], 10)) == [
        "shop/cart.py:Cart.add_item",
        "shop/cart.py:Cart.total_price",
    ]
    assert reader.members(["cart"], 10) == []


def test_a_file_tells_its_definitions_in_order_and_its_imports(reader: Reader) -> None:
    assert [one.definition.name for one in reader.outline_of("shop/cart.py")] == [
        "Cart",
        "add_item",
        "total_price",
    ]
    (taken,) = reader.imports_of("shop/cart.py")
    assert (taken.module, taken.alias) == ("decimal", "d")
    assert reader.outline_of("shop/none.py") == []
    assert reader.imports_of("shop/none.py") == []


def test_paths_are_found_by_their_ends_the_nearest_to_the_root_first(reader: Reader) -> None:
    assert reader.paths_ending(["items.py"], 10) == ["items.py", "shop/items.py", "web/items.py"]
    assert reader.paths_ending(["web/items.py", "shop/items.py"], 10) == [
        "shop/items.py",
        "web/items.py",
    ]
    assert reader.paths_ending(["tems.py", ""], 10) == []
    assert reader.paths_ending(["items.py"], 1) == ["items.py"]


def test_a_search_finds_pieces_by_words_and_their_parts(reader: Reader) -> None:
    found = reader.search(["totalPrice"], 10)
    assert {(match.path, match.start_line, match.end_line) for match in found[:2]} == {
        ("shop/cart.py", 9, 11),
        ("notes.txt", 0, 1),
    }
    assert found[1].score > max(match.score for match in found[2:]) > 0


def test_rare_words_count_more_than_common_ones(repository: Repository, reader: Reader) -> None:
    for number in range(5):
        repository.write(f"common{number}.txt", f"usual words stand here {number * 'x'}\n")
    repository.write("rare.txt", "unusual\n")
    assert reader.search(["usual", "unusual"], 1)[0].path == "rare.txt"


def test_nothing_is_found_by_no_words_or_unknown_ones(reader: Reader) -> None:
    assert reader.search([], 10) == reader.search(["zzz", '"', "*", "a OR b"], 10) == []


def test_a_text_is_read_as_long_as_it_is_what_was_indexed(
    repository: Repository, reader: Reader
) -> None:
    assert reader.read("items.py") == FILES["items.py"]
    (repository.root / "items.py").write_text("changed since\n")
    assert reader.read("items.py") is None
    (repository.root / "notes.txt").unlink()
    assert reader.read("notes.txt") is None
    assert reader.read("never.py") is None


def test_a_text_is_read_as_it_is_now_if_the_file_is_indexed(
    repository: Repository, reader: Reader
) -> None:
    assert reader.now("items.py") == FILES["items.py"]
    (repository.root / "items.py").write_text("changed since\n")
    assert reader.now("items.py") == "changed since\n"
    (repository.root / "never.py").write_text("never = 1\n")
    assert reader.now("never.py") is None
    (repository.root / "notes.txt").unlink()
    assert reader.now("notes.txt") is None
    (repository.root / "notes.txt").symlink_to("items.py")
    assert reader.now("notes.txt") is None
    reader.overlay.put("items.py", "in_editor = 1\n")
    reader.overlay.refresh()
    assert reader.now("items.py") == "in_editor = 1\n"


def test_an_open_file_counts_as_the_editor_shows_it(reader: Reader) -> None:
    edited = FILES["shop/items.py"].replace("add_item", "put_item") + "\nquirky_word = 1\n"
    reader.overlay.put("shop/items.py", edited)
    reader.overlay.refresh()
    assert names(reader.definitions(["add_item", "put_item"], 10)) == [
        "shop/cart.py:Cart.add_item",
        "shop/items.py:.put_item",
    ]
    assert names(reader.members(["Item"], 10)) == ["shop/items.py:Item.price"]
    assert reader.read("shop/items.py") == edited
    assert reader.search(["quirky_word"], 10)[0].path == "shop/items.py"
    assert [one.definition.name for one in reader.outline_of("shop/items.py")][-2] == "put_item"
    reader.overlay.remove("shop/items.py")
    assert reader.search(["quirky_word"], 10) == []
    assert len(reader.definitions(["add_item"], 10)) == 2


def test_a_file_that_was_never_saved_is_found(reader: Reader) -> None:
    reader.overlay.put("web/new.py", "import os\n\ndef brand_new(): pass\n")
    reader.overlay.refresh()
    assert names(reader.definitions(["brand_new"], 10)) == ["web/new.py:.brand_new"]
    assert reader.paths_ending(["new.py"], 10) == ["web/new.py"]
    assert [one.module for one in reader.imports_of("web/new.py")] == ["os"]


def test_what_is_written_later_is_seen(repository: Repository, reader: Reader) -> None:
    assert reader.definitions(["later"], 10) == []
    repository.write("later.py", "def later(): pass\n")
    assert len(reader.definitions(["later"], 10)) == 1


def test_a_reader_without_database_knows_open_files_only(repository: Repository) -> None:
    reader = Reader(repository.place)
    reader.overlay.put("a.py", "def mine(): pass\n")
    reader.overlay.refresh()
    assert len(reader.definitions(["mine"], 10)) == 1
    assert reader.search(["mine"], 10)[0].path == "a.py"
    assert reader.read("b.py") is None
    repository.write("b.py", "def theirs(): pass\n")
    assert len(reader.definitions(["theirs"], 10)) == 1


def test_a_damaged_database_knows_nothing_and_somebody_is_told(repository: Repository) -> None:
    repository.write("a.py", "def one(): pass\n")
    assert repository.store is not None
    repository.store.close()
    data = bytearray(repository.place.database.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    repository.place.database.write_bytes(data)
    told: list[bool] = []
    reader = Reader(repository.place, lambda: told.append(True))
    assert reader.definitions(["one"], 10) == []
    assert reader.search(["one"], 10) == []
    assert told


def test_a_database_of_another_version_knows_nothing(repository: Repository) -> None:
    repository.write("a.py", "def one(): pass\n")
    db = sqlite3.connect(repository.place.database)
    db.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    db.close()
    assert Reader(repository.place).definitions(["one"], 10) == []


def test_a_new_database_in_the_place_of_the_old_one_is_opened(
    repository: Repository, reader: Reader
) -> None:
    assert reader.definitions(["render_items"], 10)
    assert repository.store is not None
    repository.store.close()
    repository.store = None
    repository.place.set_aside()
    assert reader.definitions(["render_items"], 10) == []
    repository.write("new.py", "def one(): pass\n")
    assert len(reader.definitions(["one"], 10)) == 1


def test_words_that_stand_nearly_everywhere_count_where_there_are_no_others(
    repository: Repository, reader: Reader
) -> None:
    repository.write("big.txt", "everywhere\n" * 30 * 1200)
    assert reader.search(["everywhere"], 5) != []
    found = reader.search(["everywhere", "render_items"], 5)
    assert found[0].path == "web/items.py"
    assert all(match.path != "big.txt" for match in found)


def test_names_that_differ_by_capitals_do_not_hide_each_other(
    repository: Repository, reader: Reader
) -> None:
    for number in range(80):
        repository.write(f"many{number}.py", f"def budget(): return {number}\n")
    repository.write("one.py", "class Budget:\n    BUDGET = 1\n")
    assert names(reader.definitions(["Budget", "BUDGET"], 4)) == [
        "one.py:.Budget",
        "one.py:Budget.BUDGET",
    ]
    assert len(reader.definitions(["budget"], 4)) == 4


def test_definitions_of_files_that_the_editor_holds_take_no_place_of_others(
    repository: Repository, reader: Reader
) -> None:
    for number in range(12):
        repository.write(f"same{number}.py", f"def same(): return {number}\n")
    assert len(reader.definitions(["same"], 2)) == 2
    for number in range(10):
        reader.overlay.put(f"same{number}.py", "nothing = 1\n")
    reader.overlay.refresh()
    assert names(reader.definitions(["same"], 2)) == ["same10.py:.same", "same11.py:.same"]


def test_what_is_asked_at_once_is_of_one_state(repository: Repository, reader: Reader) -> None:
    with reader.at_once():
        assert reader.definitions(["later"], 10) == []
        repository.write("later.py", "def later(): pass\n")
        assert reader.definitions(["later", "much_later"], 10) == []
        assert reader.paths_ending(["later.py"], 10) == []
    assert len(reader.definitions(["later"], 10)) == 1
    with reader.at_once(), reader.at_once():
        assert reader.paths_ending(["later.py"], 10) == ["later.py"]


def test_a_database_that_goes_away_while_it_is_asked_is_found_again(
    repository: Repository, reader: Reader
) -> None:
    with reader.at_once():
        assert reader.definitions(["render_items"], 10)
        reader.close()
        assert reader.definitions(["render_items"], 10)
    assert reader.definitions(["render_items"], 10)


def test_an_answer_of_a_reader_can_be_changed_by_who_got_it(reader: Reader) -> None:
    for _ in range(2):
        found = reader.outline_of("shop/cart.py")
        assert len(found) == 3
        found.clear()
        taken = reader.imports_of("shop/cart.py")
        assert len(taken) == 1
        taken.clear()
        named = reader.definitions(["add_item"], 1)
        assert len(named) == 1
        named.clear()


def test_a_text_that_was_read_before_is_read_again_where_it_changed(
    repository: Repository, reader: Reader
) -> None:
    assert reader.read("items.py") == reader.read("items.py") == FILES["items.py"]
    repository.write("items.py", "ITEMS = [1]\n")
    assert reader.read("items.py") == "ITEMS = [1]\n"


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from((*TEXTS, None))), max_size=3),
        max_size=6,
    )
)
def test_a_reader_that_remembers_says_what_a_new_one_says(
    commits: list[list[tuple[str, str | None]]],
) -> None:
    with TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        repository.write("in/other.py", TEXTS[0])
        reader = Reader(repository.place)
        everything(reader)
        for commit in commits:
            for path, text in commit:
                if text is None:
                    repository.remove(path)
                else:
                    repository.put(path, text)
            assert repository.store is not None
            repository.store.commit()
            fresh = Reader(repository.place)
            assert everything(reader) == everything(fresh)
            fresh.close()
        reader.close()
        assert repository.store is not None
        repository.store.close()


def memory_of(reader: Reader) -> Memory:
    reader.definitions([], 1)
    assert reader._memory is not None
    return reader._memory


def test_a_saved_file_has_others_not_read_again(repository: Repository, reader: Reader) -> None:
    memory = memory_of(reader)
    assert len(reader.definitions(["render_items", "add_item"], 10)) == 3
    repository.write("shop/items.py", "def put_item(x): return x\n")
    assert names(reader.definitions(["render_items", "add_item"], 10)) == [
        "web/items.py:.render_items",
        "shop/cart.py:Cart.add_item",
    ]
    assert len(reader.definitions(["put_item"], 10)) == 1
    assert memory_of(reader) is memory


def test_after_many_changes_and_in_a_new_database_nothing_is_remembered(
    repository: Repository, reader: Reader
) -> None:
    memory = memory_of(reader)
    assert len(reader.definitions(["render_items"], 10)) == 1
    for number in range(250):
        repository.put(f"many{number}.py", f"def many{number}(): pass\n")
    repository.write("last.py", "def last(): pass\n")
    assert len(reader.definitions(["many7", "last"], 10)) == 2
    after_many = memory_of(reader)
    assert after_many is not memory
    assert repository.store is not None
    repository.store.clear()
    assert reader.definitions(["render_items"], 10) == []
    assert memory_of(reader) is not after_many
