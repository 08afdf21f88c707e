"""What holds for every module: its size, what it may reach for, where it may ask for the system."""

from __future__ import annotations

import re

import quantize
import sc2_lsp
from tests.project.tree import PYPROJECT, imported_names, modules, name_of, source_of

MAX_LINES = 400

NETWORK_LIBRARIES = {
    "aiohttp",
    "ftplib",
    "http",
    "httpx",
    "httpx2",
    "huggingface_hub",
    "imaplib",
    "requests",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "urllib3",
    "urllib.request",
    "websockets",
    "xmlrpc",
}

# The server listens where `serve --tcp` tells it to; nothing connects to anywhere.
MAY_LISTEN = {
    "sc2_lsp/server/app.py",
    "sc2_lsp/server/transport.py",
}

# The hub is asked by `sc2-lsp model pull` and by `sc2-quantize convert` with a name on it.
MAY_ASK_THE_HUB = {"quantize/hub.py", "sc2_lsp/hub/door.py"}

# The server that the user's own settings name.
MAY_ASK_THE_TEAM = {
    "sc2_lsp/engine/remote/connecting.py",
    "sc2_lsp/engine/remote/names.py",
    "sc2_lsp/engine/remote/transport.py",
}

# A benchmark asks the servers that its command line names.
MAY_ASK_ITS_PEERS = {"sc2_lsp/bench/peer.py"}

CONNECTS = re.compile(r"\b(?:open_connection|create_connection|sock_connect|connect_ex|urlopen)\b")

PLATFORM_CHECK = re.compile(r"\bsys\.platform\b|\bos\.name\b|\bplatform\.system\b")

# Each branch has a unit test of both sides, where both can run on one system.
MAY_ASK_FOR_THE_PLATFORM = {
    "sc2_lsp/engine/abort.py": 1,
    "sc2_lsp/engine/devices.py": 2,
    "sc2_lsp/engine/machine.py": 1,
    "sc2_lsp/index/scope.py": 1,
    "sc2_lsp/index/walk.py": 1,
    "sc2_lsp/server/transport.py": 1,
    "sc2_lsp/watch/__init__.py": 1,
}


# An engine and the editors of one user meet at a socket in a private folder, never on a network.
MAY_MEET_AT_A_FILE = {
    "sc2_lsp/engine/gateway.py",
    "sc2_lsp/engine/host.py",
    "sc2_lsp/engine/rendezvous.py",
    "sc2_lsp/engine/shared.py",
}

NETWORK_ADDRESS = re.compile(r"\bAF_INET6?\b|\bopen_connection\b|\bcreate_server\b")


def test_modules_are_short() -> None:
    lengths = {name_of(module): len(source_of(module).splitlines()) for module in modules()}
    assert not {name: n_lines for name, n_lines in lengths.items() if n_lines > MAX_LINES}


def test_no_module_uses_the_network() -> None:
    assert {
        name_of(module)
        for module in modules()
        for imported in imported_names(module)
        if any(f"{imported}.".startswith(f"{library}.") for library in NETWORK_LIBRARIES)
    } == MAY_LISTEN | MAY_MEET_AT_A_FILE | MAY_ASK_ITS_PEERS | MAY_ASK_THE_HUB | MAY_ASK_THE_TEAM


def test_what_meets_at_a_file_knows_no_network_address() -> None:
    sources = {name_of(module): source_of(module) for module in modules()}
    assert not [name for name in MAY_MEET_AT_A_FILE if NETWORK_ADDRESS.search(sources[name])]
    # Without these words sockets are of the internet.
    makers = [
        name for name in MAY_MEET_AT_A_FILE if "socket.socket(socket.AF_UNIX" in sources[name]
    ]
    assert makers == ["sc2_lsp/engine/rendezvous.py"]


def test_nothing_connects() -> None:
    assert not [name_of(module) for module in modules() if CONNECTS.search(source_of(module))]


def test_platform_branches_are_few_and_known() -> None:
    found = {}
    for module in modules():
        code = re.sub(r'""".*?"""|#[^\n]*', "", source_of(module), flags=re.DOTALL)
        if n_checks := len(PLATFORM_CHECK.findall(code)):
            found[name_of(module)] = n_checks
    assert found == MAY_ASK_FOR_THE_PLATFORM


def test_there_is_one_version() -> None:
    assert PYPROJECT["project"]["version"] == sc2_lsp.__version__ == quantize.__version__
