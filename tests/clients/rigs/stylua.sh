#!/usr/bin/env bash
# Says which Lua files of the Neovim client are not in StyLua's format; with --write rewrites them.
#
# StyLua comes from npm, as WebAssembly, into a cache folder. Another place for it:
# SC2_RIGS=/somewhere.
set -euo pipefail

VERSION=2.5.2
here=$(cd "$(dirname "$0")" && pwd)
rig=${SC2_RIGS:-${XDG_CACHE_HOME:-$HOME/.cache}/sc2-lsp-rigs}/stylua-$VERSION

if [[ ! -e $rig/complete ]]; then
    mkdir -p "$rig"
    npm install --prefix "$rig" --ignore-scripts --no-audit --no-fund --loglevel=error \
        "@johnnymorganz/stylua@$VERSION" >&2 \
        || { echo "StyLua cannot be fetched with npm here." >&2; exit 1; }
    touch "$rig/complete"
fi
exec node "$here/stylua.mjs" "$rig" "$here/../../../clients/neovim" "$@"
