"""How values stand behind their names: in quotes, in lines of settings, in blocks, in elements.

Each form looks behind a name for its value, which may take several lines: strings that are joined,
strings of several lines, YAML's blocks, lines of a shell that go on. All of it may be commented
out. Whether what is found looks like a secret is for others to say.

No form looks further than some lines, so that a value is found wherever a file is cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sc2_lsp.secrets.stand_ins import is_type, looks_random, n_numbers

LONGEST_HEAD = 64
LONG_WORD = 16
MOST_NUMBERS = 3
MOST_LINES = 12

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a text: its keyword from `start` up to `middle`, and the rest of it up to `end`."""

    start: int
    middle: int
    end: int
    word: str
    rest: str


Form = Callable[[str, Name], "tuple[Span, ...]"]
"""Where in the text the value is that the name is given, in parts; none where there is none."""

_ONE_MARK = r"(?:#{1,8}|/{2,8}|-{2,8}|\*{1,8}|;{1,8}|%{1,8})"
# A comment may be commented out once more, as in the cells of a notebook.
_MARKS = rf"{_ONE_MARK}(?:[ \t]{{1,64}}{_ONE_MARK}){{0,2}}"
COMMENT = re.compile(rf"[ \t]*(?:{_MARKS}[ \t]+)?")
"""The margin of a line that may be commented out."""

# From the end of one line into the next one, which may go on in a comment.
_BREAK = rf"(?:\\|(?:#|//)[^\r\n]{{0,120}})?\r?\n[ \t]{{0,64}}(?:{_MARKS}[ \t]{{0,64}})?"
_GAP = rf"[ \t]{{0,64}}(?:{_BREAK}){{0,3}}"
_TAG = r"(?:(?:!!?\w{1,32}|&\w{1,32})[ \t]{1,8})?"
# From a line of a shell that goes on into the next one.
_GOING_ON = rf"\\\r?\n[ \t]{{0,64}}(?:{_MARKS}[ \t]{{0,64}})?"
_BARE = r"[^\s\"'`;,(){}\[\]<>|]{4,512}"

_QUOTED = re.compile(
    r"(?P<quote>[\"'`]?)\]?[ \t]{0,16}"
    # A type between the name and the value.
    r"(?:[:?!]{1,2}[ \t]{0,4}[\w.\[\]<>&'?| ]{1,48}?[ \t]{0,4}(?==[^=]))?"
    r"(?P<sep>:=|=>|={1,3}|!==?|\|\||\?\?=?|<-|:|,|\(|\)[ \t]*(?:\|\||\?\?|or)|or\b"
    rf"|{_GAP}value=|)"
    rf"{_GAP}(?:\({_GAP})?[A-Za-z@$]{{0,2}}#{{0,3}}(?=[\"'`])"
)
_OPEN = re.compile(r"\"{3}|'{3}|[\"'`]")
_MOST_STRING_CHARS = 1100
_STRINGS = {
    '"': re.compile(r"(?:[^\"\\\r\n]|\\(?:\r?\n|.))*"),
    "'": re.compile(r"(?:[^'\\\r\n]|\\(?:\r?\n|.))*"),
    "`": re.compile(rf"(?:[^`\\]|\\[\s\S]){{0,{_MOST_STRING_CHARS}}}"),
    '"""': re.compile(rf"(?:[^\"\\]|\\[\s\S]|\"(?!\"\")){{0,{_MOST_STRING_CHARS}}}"),
    "'''": re.compile(rf"(?:[^'\\]|\\[\s\S]|'(?!'')){{0,{_MOST_STRING_CHARS}}}"),
}
# Between two strings that are one.
_JOINT = re.compile(
    rf"#{{0,3}}{_GAP}(?:(?:\+|\.\.?|&|~)=?{_GAP})?[A-Za-z@$]{{0,2}}#{{0,3}}(?=[\"'`])"
)
_IS_KEY = re.compile(r"[\"'`]{0,3}\s{0,8}[:=]")
_MOST_STRINGS = 12

_PAIR = re.compile(
    rf"(?P<sep>=(?:{_GOING_ON})?|:[ ]|[ \t]{{1,8}}(?:{_GOING_ON})?)"
    r"(?P<value>[^\s\"'`;&,(){}\[\]<>|]{4,512})(?=[\s\"'&;]|\Z)"
)
_LINE = re.compile(
    rf"[\"']?(?P<sep>[ \t]*[:=][ \t]*)(?:{_GOING_ON})?{_TAG}"
    rf"(?P<value>{_BARE})[ \t]*;?[ \t]*(?=[\r\n#]|//|\*/|-->|-\}}|\Z)"
)
_FLOW = re.compile(rf"[\"']?[ \t]{{0,8}}:[ \t]{{1,8}}(?P<value>{_BARE})[ \t]{{0,8}}(?=[,}}\]\r\n])")
_ELEMENT = re.compile(rf">{_GAP}(?P<value>[^\s<>]{{4,512}}){_GAP}</")
_BLOCK = re.compile(
    rf"[\"']?[ \t]{{0,8}}:[ \t]{{0,8}}{_TAG}(?P<sign>[|>][-+0-9]{{0,2}})?"
    r"[ \t]{0,64}(?:#[^\r\n]{0,120})?\r?\n"
)
_BODY_LINE = re.compile(r"[ \t]*(?P<value>[^\r\n]*)(?:\r?\n|\Z)")
_COMMENTED_BODY_LINE = re.compile(rf"[ \t]*{_MARKS}[ \t]*(?P<value>[^\r\n]*)(?:\r?\n|\Z)")
_NEXT_LINE = re.compile(
    rf"[\"']?,?[ \t]{{0,8}}(?:{_BREAK}){{1,3}}[\"']?value(?=[\"']?[ \t]{{0,8}}:)"
)
_NEXT_VALUE = re.compile(r"[\"']?[ \t]{0,8}:[ \t]{0,8}[\"']?(?P<value>[^\s\"'<>{}]{4,512})")

_NAME = re.compile(r"[A-Za-z0-9_.$-]*\Z")
_LINE_HEAD = re.compile(
    rf"(?:[ \t]*(?:(?:(?:{_MARKS}[ \t]+)?(?:/\*+|<!--+)|{_MARKS})[ \t]*)?"
    r"|.*[ \t](?:#+|//+|--+|/\*+)[ \t]+)"
    r"(?:(?:export|set|setx|ENV|ARG|-|\?)[ \t]+)*(?:\$env:)?[\"']?[A-Za-z0-9_.$-]*"
)
# Prose before the name, in a comment that is the whole line.
_PROSE_HEAD = re.compile(
    rf"[ \t]*(?:{_MARKS}|/\*+|<!--+|\{{-|\"|'|(?i:rem|dnl)\b)(?:[ \t].*)?"
    r"[ \t/,(][\"']?[A-Za-z0-9_.$-]*"
)
# Commands that take a name and a value apart: of Docker, fish, tcl and Windows.
_COMMAND_HEAD = re.compile(
    rf"[ \t]*(?:{_MARKS}[ \t]*)?(?:ENV|ARG|setx?)(?:[ \t]+-\w+){{0,3}}[ \t]+[A-Za-z0-9_]*"
)
_FLOW_HEAD = re.compile(r".*[{,][ \t]*[\"']?[A-Za-z0-9_.$-]*")
_INDENT = re.compile(rf"[ \t]*(?P<mark>{_MARKS}[ \t]*)?")
# The name of an option in a file of settings, not of a variable: `server.ssl.key-store-`.
_OPTION = re.compile(r"(?!self\b|this\b)[a-z0-9_]+[.-]")


def _quoted(text: str, name: Name) -> tuple[Span, ...]:
    found = _QUOTED.match(text, name.end)
    if found is None:
        return ()
    separator = found["sep"]
    if separator == ",":
        is_meant = bool(found["quote"])
    elif not separator:
        head = _head(text, name)
        is_command = name.word.isupper() and _COMMAND_HEAD.fullmatch(head) is not None
        is_meant = is_command or head.lstrip().startswith("#define ")
    elif separator == "(":
        # Of calls only those that set something: `setPassword("…")`, `.password("…")`.
        head = _head(text, name)
        is_meant = not name.rest and head.endswith((".", "set", "set_", "with", "with_"))
    else:
        is_meant = True
    return _strings_at(text, found.end()) if is_meant else ()


def _strings_at(text: str, at: int) -> tuple[Span, ...]:
    """The contents of the string that opens at `at`, and of those that are joined to it."""
    spans: list[Span] = []
    while len(spans) < _MOST_STRINGS:
        opened = _OPEN.match(text, at)
        assert opened is not None, "forms end before a quotation mark"
        string = _STRINGS[opened.group()].match(text, opened.end())
        assert string is not None, "an empty string is one as well"
        if spans and _IS_KEY.match(text, string.end()):
            break
        spans.append(string.span())
        if not text.startswith(opened.group(), string.end()):
            break
        joint = _JOINT.match(text, string.end() + len(opened.group()))
        if joint is None:
            break
        at = joint.end()
    return tuple(spans)


def _pair(text: str, name: Name) -> tuple[Span, ...]:
    found = _PAIR.match(text, name.end)
    return (found.span("value"),) if found and _is_pair(text, name, found) else ()


def _is_pair(text: str, name: Name, found: re.Match[str]) -> bool:
    head = _head(text, name)
    begun = _NAME.search(head)
    assert begun is not None, "an empty name is one as well"
    before = head[: begun.start()][-1:]
    value = found["value"]
    if found["sep"] == ": ":
        return before in ("'", '"') and text[found.end() : found.end() + 1] == before
    is_flag = begun.group().startswith("--")
    if found["sep"][0] != "=":
        is_command = name.word.isupper() and _COMMAND_HEAD.fullmatch(head) is not None
        return (is_flag or is_command) and not (
            value.isidentifier() and n_numbers(value) < MOST_NUMBERS - 1
        )
    if is_flag or before in ("?", "&", ";"):
        return True
    if name.word.isupper() or (before in ("'", '"') and not begun.group().islower()):
        return True
    is_option = not value.isidentifier() or _OPTION.match(begun.group()) is not None
    return (before == "" and is_option) or looks_random(value)


def _line(text: str, name: Name) -> tuple[Span, ...]:
    found = _LINE.match(text, name.end)
    return (found.span("value"),) if found and _is_line(text, name, found) else ()


def _is_line(text: str, name: Name, found: re.Match[str]) -> bool:
    head = _head(text, name)
    value, separator = found["value"], found["sep"]
    if _LINE_HEAD.fullmatch(head) is None and (
        separator.strip() != ":" or _PROSE_HEAD.fullmatch(head) is None
    ):
        return False
    if separator.strip() == ":":
        return separator.endswith((" ", "\t")) and not _is_code(name, value)
    if separator == "=":
        is_at_margin = not head[:1].isspace()
        is_name = value.isidentifier() and n_numbers(value) < MOST_NUMBERS - 1
        return name.word.isupper() or (is_at_margin and not is_name)
    if value.isidentifier():
        return len(value) >= LONG_WORD and n_numbers(value) >= MOST_NUMBERS
    return looks_random(value)


def _is_code(name: Name, value: str) -> bool:
    """Whether the value behind a colon is the type of a parameter, or a variable of that name."""
    names_itself = name.word.lower() in value.lower() and value.isidentifier()
    return (is_type(value) or names_itself) and n_numbers(value) < MOST_NUMBERS


def _flow(text: str, name: Name) -> tuple[Span, ...]:
    found = _FLOW.match(text, name.end)
    if found is None or _FLOW_HEAD.fullmatch(_head(text, name)) is None:
        return ()
    value = found["value"]
    is_variable = value.isidentifier() and n_numbers(value) < MOST_NUMBERS - 1
    is_variable = is_variable and not looks_random(value)
    return () if is_variable or _is_code(name, value) else (found.span("value"),)


def _element(text: str, name: Name) -> tuple[Span, ...]:
    found = _ELEMENT.match(text, name.end)
    return (found.span("value"),) if found else ()


def _block(text: str, name: Name) -> tuple[Span, ...]:
    """The lines below a name that are indented more than its own line."""
    if _LINE_HEAD.fullmatch(_head(text, name)) is None:
        return ()
    return _lines_below(text, name, name.end)


def _lines_below(text: str, name: Name, at: int) -> tuple[Span, ...]:
    opened = _BLOCK.match(text, at)
    if opened is None:
        return ()
    line_start = text.rfind("\n", max(at - 4 * LONGEST_HEAD, 0), at) + 1
    margin = _INDENT.match(text, line_start)
    assert margin is not None, "nothing is a margin as well"
    form = _COMMENTED_BODY_LINE if margin["mark"] else _BODY_LINE
    found: list[Span] = []
    at = opened.end()
    for _ in range(MOST_LINES + 1):
        line = form.match(text, at)
        if line is None or line.end() == at:
            break
        value = line["value"].rstrip()
        if value:
            if line.start("value") - line.start() <= margin.end() - margin.start():
                break
            found.append((line.start("value"), line.start("value") + len(value)))
        at = line.end()
    if not found or len(found) > MOST_LINES:
        return ()
    if not opened["sign"]:
        value = text[slice(*found[0])]
        if len(found) > 1 or value.endswith((":", ",", ";")) or value.isidentifier():
            is_random = looks_random(value) or n_numbers(value) >= MOST_NUMBERS - 1
            return tuple(found) if len(found) == 1 and is_random else ()
    return ((found[0][0], found[-1][1]),)


def _next_line(text: str, name: Name) -> tuple[Span, ...]:
    """The value of an entry whose name is `name`, as Kubernetes has them."""
    key = _NEXT_LINE.match(text, name.end)
    if key is None:
        return ()
    value = _NEXT_VALUE.match(text, key.end())
    return (value.span("value"),) if value else _lines_below(text, name, key.end())


FORMS: tuple[Form, ...] = (_quoted, _pair, _line, _flow, _element, _block, _next_line)


def _head(text: str, name: Name) -> str:
    """What stands in the line before the keyword, as far as it matters."""
    start = max(name.start - LONGEST_HEAD, 0)
    return text[max(text.rfind("\n", start, name.start) + 1, start) : name.start]
