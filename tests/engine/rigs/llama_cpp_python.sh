#!/usr/bin/env bash
# Puts llama-cpp-python's own server into a cache folder and prints its Python.
#
# llama.cpp is not compiled again: the environment sees the packages of the one it is made from, and
# adds what the server needs besides. A second call finds what the first left. Another place for it:
# SC2_RIGS=/somewhere; one that is there already: set SC2_LLAMA_CPP_PYTHON to its Python.
# usage: llama_cpp_python.sh PYTHON
set -euo pipefail

python=$1
if [[ -n ${SC2_LLAMA_CPP_PYTHON:-} ]]; then
    echo "$SC2_LLAMA_CPP_PYTHON"
    exit
fi

give_up() {
    echo "llama-cpp-python's server cannot be had here: $1." >&2
    exit 1
}

version=$("$python" -c 'import importlib.metadata as m; print(m.version("llama-cpp-python"))')
rig=${SC2_RIGS:-${XDG_CACHE_HOME:-$HOME/.cache}/sc2-lsp-rigs}/llama-cpp-python-server-$version
if [[ ! -e $rig/complete ]]; then
    rm -rf "$rig"
    mkdir -p "$(dirname "$rig")" 2>/dev/null || give_up "$rig cannot be written"
    "$python" -m venv "$rig" || give_up "python cannot make an environment"
    folder=$("$rig/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    "$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$folder/main.pth"
    "$rig/bin/python" -m pip install --quiet --disable-pip-version-check \
        fastapi uvicorn sse-starlette 'starlette-context<0.4,>=0.3.6' pydantic-settings >&2 \
        || give_up "what it needs cannot be fetched"
    "$rig/bin/python" -c 'import llama_cpp.server.app' || give_up "it does not start"
    touch "$rig/complete"
fi
echo "$rig/bin/python"
