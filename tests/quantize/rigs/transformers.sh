#!/usr/bin/env bash
# Puts llama.cpp's converters and the libraries they need into a cache folder and prints it.
#
# The converters come from the source of the very llama-cpp-python that is installed. In the folder
# are `venv`, with PyTorch and transformers, and `llama.cpp`. A second call finds what the first
# left. Another place for it: SC2_RIGS=/somewhere; one that is there already: set SC2_TRANSFORMERS.
# PyTorch for the processor alone is much smaller: name its index in PIP_INDEX_URL or in pip's
# configuration.
# usage: transformers.sh PYTHON
set -euo pipefail

python=$1
if [[ -n ${SC2_TRANSFORMERS:-} ]]; then
    echo "$SC2_TRANSFORMERS"
    exit
fi

give_up() {
    echo "transformers and llama.cpp's converters cannot be had here: $1." >&2
    exit 1
}

version=$("$python" -c 'import importlib.metadata as m; print(m.version("llama-cpp-python"))')
rig=${SC2_RIGS:-${XDG_CACHE_HOME:-$HOME/.cache}/sc2-lsp-rigs}/transformers-$version
if [[ ! -e $rig/complete ]]; then
    rm -rf "$rig"
    mkdir -p "$rig" 2>/dev/null || give_up "$rig cannot be written"
    "$python" -m pip download --quiet --no-deps --no-binary llama-cpp-python \
        --dest "$rig" "llama-cpp-python==$version" >&2 || give_up "their source cannot be fetched"
    tar -xzf "$rig"/llama_cpp_python-*.tar.gz -C "$rig"
    mv "$rig"/llama_cpp_python-*/vendor/llama.cpp "$rig/llama.cpp"
    rm -rf "$rig"/llama_cpp_python-*
    "$python" -m venv "$rig/venv" || give_up "python cannot make an environment"
    "$rig/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        torch transformers safetensors numpy pyyaml tqdm >&2 || give_up "PyTorch cannot be fetched"
    touch "$rig/complete"
fi
echo "$rig"
