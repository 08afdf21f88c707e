"""deploy/README.md says what the files beside it do."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.deploy.test_files import DEPLOY, routes

README = DEPLOY / "README.md"


def allowed(engine: str) -> str:
    lines = ["| Path | Method | Field | What it has to be |", "|---|---|---|---|"]
    for path, route in routes(engine)["paths"].items():
        cells = [f"`{path}`", route["method"]]
        if "fields" not in route:
            lines.append(f"| {' | '.join(cells)} | | |")
        for name, rule in route.get("fields", {}).items():
            says = rule.get("says", "set by the gateway to the user's name")
            if rule.get("required"):
                says += "; needed"
            if "default" in rule:
                says += f"; {rule['default']} if absent"
            lines.append(f"| {' | '.join(cells)} | `{name}` | {says} |")
            cells = ["", ""]
    return "\n".join(lines) + "\n"


def sizing() -> str:
    run = subprocess.run(
        [sys.executable, DEPLOY / "sizing.py"], check=True, capture_output=True, text=True
    )
    return run.stdout


RENDERED = {
    "llama-server": lambda: allowed("llama-server"),
    "vllm": lambda: allowed("vllm"),
    "sizing": sizing,
}


@pytest.mark.parametrize("name", RENDERED)
def test_tables_of_the_readme_are_what_is_configured(name: str, update: bool) -> None:
    text = README.read_text(encoding="utf-8")
    head, begin, rest = text.partition(f"<!-- {name}: begin -->\n")
    table, end, tail = rest.partition(f"<!-- {name}: end -->")
    assert begin, f"deploy/README.md has lost its mark for the table {name}"
    assert end, f"deploy/README.md has lost its mark for the table {name}"
    rendered = RENDERED[name]()
    if update:
        README.write_text(head + begin + rendered + end + tail, encoding="utf-8", newline="\n")
        return
    assert table == rendered, "run pytest tests/deploy --update"


def test_limits_of_the_readme_are_what_is_configured() -> None:
    """Other tests lower them, so as not to wait."""
    text = "".join(
        (DEPLOY / "gateway" / name).read_text(encoding="utf-8")
        for name in ("nginx.conf", "outer.conf", "gateway.js")
    )

    def value(before: str, after: str) -> str:
        (found,) = re.findall(rf"^ *{before}([\d.]+){after}", text, re.MULTILINE)
        return str(found)

    rate, ahead = (value(rf"js_var \$share_{name} ", ";") for name in ("rate", "ahead"))
    assert rate == "1"
    said = [
        f"one second a second (`share_rate`), and {ahead} seconds ahead of that (`share_ahead`)",
        f"{value('const MOST_SECONDS = ', ';')} seconds more to wait",
    ]
    assert value("const REFUSED_SECONDS = ", ";") == "0.5"
    said.append("A refused request counts as half a second of the engine")
    for kind, what in (("completing", "completions"), ("asking", "other requests")):
        most = value(rf"limit_req_zone \${kind} zone={kind}_rate:1m rate=", "r/s;")
        burst = value(f"limit_req zone={kind}_rate burst=", " nodelay;")
        said.append(f"{most} {what} a second, {burst} more in a burst")
    said += [
        f"{value('limit_conn completing_open ', ';')} open at once",
        f"{value('limit_conn user_open ', ';')} open at once",
    ]
    readme = README.read_text(encoding="utf-8")
    assert [each for each in said if each not in readme] == []


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", README.read_text(encoding="utf-8")):
        assert (DEPLOY / target).exists(), target
