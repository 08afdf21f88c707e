"""The outline of Python whose statements are plain to see, read without a tree.

Of a file in an index nothing counts but the statements of modules, classes and constructors. They
are found by their first word and their indentation, what brackets and strings hold is stepped over
in one go, and the bodies of functions are left out. That takes a third of the time that a tree
takes. Nothing is guessed: where a statement is not one of those known here, or the text is no
Python, there is no outline, and the caller is to parse the text. What is found is what
`queries/outline/python.scm` finds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter

from sc2_lsp.symbols import Definition, Import, Kind, Outline
from sc2_lsp.syntax import python_text as text
from sc2_lsp.syntax.names import base_names, constructed, joined
from sc2_lsp.syntax.plain_parts import (
    Level,
    NotPlain,
    Row,
    end_row,
    given_type,
    named,
    plain_imports,
    signature_of,
    type_name_of,
)
from sc2_lsp.syntax.signatures import documented_start, given_types, without_body

_MAX_LEVELS = 40
_MAX_SEPARATORS = 1000
_CONSTRUCTORS = (b"__init__", b"__post_init__", b"setUp")
_LOOPS = (b"for", b"while", b"async for")
_COMMENT = b"#"
_LINE_BREAK, _COLON = b"\n:"
_BLANKS = b" \t"
# What the grammar has rules of its own for, and a byte order mark.
_UNUSUAL = (b"\f", b"\0", b"\xef\xbb\xbf")


def plain_outline(data: bytes) -> Outline | None:
    """What a text of Python defines and imports; None where it has to be parsed."""
    found = plain_rows(data)
    if found is None:
        return None
    rows, imports = found
    return Outline(tuple(Definition(*row) for row in rows), tuple(imports))


def plain_rows(data: bytes) -> tuple[list[Row], list[Import]] | None:
    """As `plain_outline`, but of each definition its fields alone, which takes less time."""
    if any(mark in data for mark in _UNUSUAL) or data.count(b";") > _MAX_SEPARATORS:
        return None
    data = data.replace(b"\r\n", b"\n")
    reader = _Reader(data if data.endswith(b"\n") else data + b"\n")
    try:
        reader.read()
    except NotPlain:
        return None
    return sorted(reader.rows, key=itemgetter(3)), reader.imports


@dataclass(slots=True)
class _Reader:
    """A text while it is read, from one statement to the next.

    `row` is the line of `row_at`, `last_row` that of the last statement's or comment's end.
    `pending` is the block of the header that was just read.
    """

    data: bytes
    rows: list[Row] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    levels: list[Level] = field(default_factory=lambda: [Level(0, "", False, None)])
    pending: Level | None = None
    row: int = 0
    row_at: int = 0
    last_row: int = 0
    decorated_at: int = -1
    decorated_row: int = 0
    is_documented: bool = False
    seen: set[tuple[str, str]] = field(default_factory=set)

    def read(self) -> None:
        data, levels = self.data, self.levels
        gap, words, statements = text.GAP.match, text.WORD.match, _STATEMENTS
        at, end = 0, len(data)
        other_blank = b" " if b"\n\t" in data else b"\t"
        while True:
            found = gap(data, at)
            assert found is not None
            start = found.end()
            indent = start - found.start(1) if start < end else 0
            if indent and data.find(other_blank, start - indent, start) >= 0:
                raise NotPlain
            has_comment = data.find(_COMMENT, at, start) >= 0
            if indent < levels[-1].indent:
                self._leave(at, start, indent, has_comment)
            if start >= end:
                break
            if self.pending is not None:
                self._enter(indent)
            elif indent != levels[-1].indent:
                raise NotPlain
            self.row += data.count(b"\n", self.row_at, start)
            self.row_at = start
            self.is_documented = has_comment
            at = start
            while True:
                word = words(data, at)
                read = statements.get(word[0]) if word else None
                if self.decorated_at >= 0 and read not in _DECORATED:
                    raise NotPlain
                at = read(self, at) if read else self._other(at, word.end() if word else at)
                if data[at - 1] == _LINE_BREAK:
                    break
                self.is_documented = False
        if self.pending is not None or self.decorated_at >= 0:
            raise NotPlain

    def _leave(self, at: int, start: int, indent: int, has_comment: bool) -> None:
        """End the blocks that are indented by more than `indent`.

        A comment that is as far indented as a block is still part of it.
        """
        if self.pending is not None:
            raise NotPlain
        levels = self.levels
        if has_comment:
            row = self.row + self.data.count(b"\n", self.row_at, at)
            for line in self.data[at:start].split(b"\n"):
                comment = line.lstrip(_BLANKS)
                if comment:
                    n_columns = len(line) - len(comment)
                    if n_columns and line[:1] != line[n_columns - 1 : n_columns]:
                        raise NotPlain
                    while levels[-1].indent > max(n_columns, indent):
                        self._pop()
                    if levels[-1].indent <= indent:
                        break
                    self.last_row = row
                row += 1
        while levels[-1].indent > indent:
            self._pop()

    def _pop(self) -> None:
        level = self.levels.pop()
        if level.row is not None:
            end_row(level.row, self.last_row)

    def _enter(self, indent: int) -> None:
        level, self.pending = self.pending, None
        assert level is not None
        if indent <= self.levels[-1].indent or len(self.levels) > _MAX_LEVELS:
            raise NotPlain
        level.indent = indent
        self.levels.append(level)

    def _rest(self, start: int, at: int) -> int:
        """Step over what is left of the statement that begins at `start`; where it ends."""
        found = text.REST.match(self.data, at)
        assert found is not None
        end = found.end()
        if self.data[end - 1] == _LINE_BREAK and end > at:
            raise NotPlain  # A backslash with nothing behind it.
        self.last_row = self.row + self.data.count(b"\n", self.row_at, end)
        return end

    def _next(self, at: int) -> int:
        """Where to go on behind the end of a statement: another one, or a line."""
        if found := text.AFTER.match(self.data, at):
            return found.end()
        raise NotPlain

    def _skip(self, start: int) -> int:
        return self._next(self._rest(start, start))

    def _other(self, start: int, at: int) -> int:
        """A statement that begins with no keyword: an assignment, or nothing of interest."""
        level = self.levels[-1]
        target = text.TARGET.match(self.data, start)
        if target is None:
            end = self._rest(start, start)
            if level.given is None and text.OTHER_TARGETS.match(self.data, start):
                raise NotPlain
            return self._next(end)
        owner, name, sign = target.groups()
        if sign == b"," or (owner is None and level.given is not None):
            end = self._rest(start, start)
            if level.given is None and sign == b",":
                self._several(start, end)
            return self._next(end)
        return self._assignment(start, named(name), target.end(), owner is not None)

    def _assignment(self, start: int, name: str, at: int, is_field: bool) -> int:
        data = self.data
        type_name = ""
        if data[at - 1] == _COLON:
            annotation = text.ANNOTATION.match(data, at)
            assert annotation is not None
            type_name = type_name_of(annotation[0])
            at = annotation.end()
            end = self._rest(start, at)
        else:
            end = self._rest(start, at)
            if call := text.CALL.match(data, at, end):
                type_name = constructed(call[1].decode("utf-8", "replace"))
            elif given := self.levels[-1].given:
                type_name = given_type(given, data[at:end])
        self._define_variable(name, start, end, type_name, is_field)
        return self._next(end)

    def _several(self, start: int, end: int) -> None:
        """The names in `a, b = …`."""
        targets = text.TARGETS.match(self.data, start, end)
        if targets is None:
            if b"=" in self.data[start:end]:
                raise NotPlain
            return
        for name in targets[1].split(b","):
            name = name.strip()
            if name and not name.startswith(b"*"):
                self._define_variable(named(name), start, end, "", False)

    def _define_variable(
        self, name: str, start: int, end: int, type_name: str, is_field: bool
    ) -> None:
        level = self.levels[-1]
        key = (level.container, name)
        if key in self.seen:
            return
        self.seen.add(key)
        data = self.data
        while data[end - 1] in _BLANKS:
            end -= 1
        kind = Kind.FIELD if is_field or level.is_class else Kind.VARIABLE
        first, signature = self._documented(start, self.row), without_body(data, start, end)
        found = [name, kind, level.container, first, self.last_row, signature, None, (), type_name]
        self.rows.append(found)

    def _documented(self, start: int, row: int) -> int:
        return documented_start(self.data, start, row, _COMMENT) if self.is_documented else row

    def _decorator(self, start: int) -> int:
        if self.decorated_at < 0:
            self.decorated_at = start
            self.decorated_row = self._documented(start, self.row)
        at = self._next(self._rest(start, start))
        if self.data[at - 1] != _LINE_BREAK:
            raise NotPlain
        return at

    def _start(self, start: int) -> tuple[int, int]:
        """Where a definition with its decorators starts, and the row of the comment above it."""
        if self.decorated_at < 0:
            return start, self._documented(start, self.row)
        at, self.decorated_at = self.decorated_at, -1
        return at, self.decorated_row

    def _function(self, start: int) -> int:
        data, level = self.data, self.levels[-1]
        header = text.FUNCTION.match(data, start)
        if header is None:
            raise NotPlain
        is_decorated = self.decorated_at >= 0
        name, parameters, returned, line_end = header.groups()
        whole, documented_row = self._start(start)
        self.last_row = self.row + data.count(b"\n", start, header.end()) - (line_end is not None)
        row: Row | None = None
        if level.given is None:
            kind = Kind.METHOD if level.is_class else Kind.FUNCTION
            signature = signature_of(data, whole, header.end())
            type_name = type_name_of(returned) if returned else ""
            row = [named(name), kind, level.container, documented_row, self.last_row, signature]
            row += (self.last_row + 1, (), type_name)
            self.rows.append(row)
        if line_end is None:
            return self._body_in_line(header.end(), row, name in _CONSTRUCTORS)
        if name in _CONSTRUCTORS and row is not None and not is_decorated:
            given = given_types(parameters.decode("utf-8", "replace"))
            self.pending = Level(0, level.container, level.is_class, given, row)
            return header.end()
        return self._body(header.end(), level.indent, row)

    def _body_in_line(self, at: int, row: Row | None, may_hold_fields: bool) -> int:
        """A body that stands behind its header's colon."""
        if may_hold_fields and not text.NOTHING.match(self.data, at):
            raise NotPlain
        while True:
            at = self._next(self._rest(at, at))
            if self.data[at - 1] == _LINE_BREAK:
                break
        if row is not None:
            end_row(row, self.last_row)
        return at

    def _body(self, start: int, indent: int, row: Row | None) -> int:
        """Step over the block that begins at `start`, of a header indented by `indent`."""
        data = self.data
        end = text.body_end(data, start, indent)
        if end is None:
            raise NotPlain
        self.last_row = self.row + data.count(b"\n", self.row_at, end) - 1
        first = text.GAP.match(data, start)
        assert first is not None
        if first.end() >= end:
            raise NotPlain
        # Comments behind a body may be part of it.
        n_columns = first.end() - first.start(1)
        if len(self.levels) > _MAX_LEVELS or n_columns <= indent:
            raise NotPlain
        self.levels.append(Level(n_columns, "", False, None, row))
        return end

    def _class(self, start: int) -> int:
        data, level = self.data, self.levels[-1]
        header = text.CLASS.match(data, start)
        if header is None:
            raise NotPlain
        whole, documented_row = self._start(start)
        name, bases, line_end = header.groups()
        self.last_row = self.row + data.count(b"\n", start, header.end()) - (line_end is not None)
        if level.given is not None:
            if line_end is None:
                return self._body_in_line(header.end(), None, False)
            return self._body(header.end(), level.indent, None)
        decoded = named(name)
        signature = signature_of(data, whole, header.end())
        extended = tuple(base_names(bases.decode("utf-8", "replace"))) if bases else ()
        row = [decoded, Kind.CLASS, level.container, documented_row, self.last_row, signature]
        row += (self.last_row + 1, extended, "")
        self.rows.append(row)
        if line_end is None:
            return self._body_in_line(header.end(), row, True)
        self.pending = Level(0, joined(level.container, decoded), True, None, row)
        return header.end()

    def _import(self, start: int) -> int:
        end = self._rest(start, start)
        if self.levels[-1].given is None:
            self.imports += plain_imports(self.data, start, end, self.row)
        return self._next(end)

    def _compound(self, start: int) -> int:
        """A statement with a block, which is looked into as if nothing stood around it."""
        data, level = self.data, self.levels[-1]
        header = text.COMPOUND.match(data, start)
        if header is None:
            raise NotPlain
        word, condition, line_end = header.groups()
        if b"lambda" in condition:
            raise NotPlain
        self.last_row = self.row + data.count(b"\n", start, header.end()) - (line_end is not None)
        is_scope = word not in _LOOPS
        if word == b"if":
            level.compound = "if"
            is_scope = b"__name__" not in condition
        elif word == b"try":
            level.compound = "try"
        elif word in _LOOPS:
            level.compound = "loop"
        elif word == b"else":
            is_scope = level.compound != "loop"
        at = header.end()
        if not is_scope:
            if line_end is None:
                return self._body_in_line(at, None, False)
            return self._body(at, level.indent, None)
        if line_end is not None:
            self.pending = Level(0, level.container, level.is_class, level.given)
        return at

    def _asynchronous(self, start: int) -> int:
        if text.ASYNC_COMPOUND.match(self.data, start):
            return self._compound(start)
        return self._function(start)

    def _refused(self, start: int) -> int:
        if text.SOFT_KEYWORD.match(self.data, start):
            raise NotPlain
        return self._other(start, start)


_DECORATED = (_Reader._decorator, _Reader._function, _Reader._asynchronous, _Reader._class)
_SKIPPED = b"assert await break continue del global lambda nonlocal not pass raise return yield"
_STATEMENTS: dict[bytes, Callable[[_Reader, int], int]] = {
    b"def": _Reader._function,
    b"async": _Reader._asynchronous,
    b"class": _Reader._class,
    b"@": _Reader._decorator,
    b"import": _Reader._import,
    b"from": _Reader._import,
    b"type": _Reader._refused,
    b"match": _Reader._refused,
    **dict.fromkeys(b"if elif else for while try except finally with".split(), _Reader._compound),
    **dict.fromkeys(_SKIPPED.split(), _Reader._skip),
}
