#!/usr/bin/env bash
# Builds llama.cpp's own tools into a cache folder and prints the folder of the programs.
#
# They come from the source of the very llama-cpp-python that is installed, with its flags, so that
# both compute the same. A second call finds what the first left. Another place for it:
# SC2_RIGS=/somewhere; tools that are built already: set SC2_LLAMA_TOOLS to their folder.
# usage: llama_tools.sh PYTHON
set -euo pipefail

python=$1
tools=(llama-quantize llama-imatrix llama-perplexity llama-server)
if [[ -n ${SC2_LLAMA_TOOLS:-} ]]; then
    echo "$SC2_LLAMA_TOOLS"
    exit
fi

give_up() {
    echo "llama.cpp's tools cannot be built here: $1." >&2
    exit 1
}

command -v cmake >/dev/null || give_up "cmake is missing"
version=$("$python" -c 'import importlib.metadata as m; print(m.version("llama-cpp-python"))')
rig=${SC2_RIGS:-${XDG_CACHE_HOME:-$HOME/.cache}/sc2-lsp-rigs}/llama-$version
if [[ ! -e $rig/complete ]]; then
    rm -rf "$rig"
    mkdir -p "$rig" 2>/dev/null || give_up "$rig cannot be written"
    "$python" -m pip download --quiet --no-deps --no-binary llama-cpp-python \
        --dest "$rig" "llama-cpp-python==$version" >&2 || give_up "its source cannot be fetched"
    tar -xzf "$rig"/llama_cpp_python-*.tar.gz -C "$rig"
    cmake -S "$rig"/llama_cpp_python-*/vendor/llama.cpp -B "$rig/build" -DCMAKE_BUILD_TYPE=Release \
        -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF >&2 || give_up "cmake failed"
    cmake --build "$rig/build" --parallel "$(nproc)" --target "${tools[@]}" >&2 \
        || give_up "the compiler failed"
    touch "$rig/complete"
fi
echo "$rig/build/bin"
