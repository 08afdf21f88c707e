#!/usr/bin/env bash
# Puts Neovim 0.12 with lualine, tmux and luacheck into a cache folder and prints the folder of the programs.
#
# They come from Debian, see debian.sh. A second call finds what the first left. Another Neovim: set
# NVIM.
set -euo pipefail

name=Neovim
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/debian.sh"

packages=(neovim neovim-lualine tmux patchelf lua-check lua5.1 ncurses-base)

start_programs() {
    cat >"$rig/bin/nvim" <<END
#!/bin/sh
export SC2_LUALINE='$root/usr/share/nvim-lualine'
VIMRUNTIME='$root/usr/share/nvim/runtime' exec '$rig/libexec/nvim' "\$@"
END
    cat >"$rig/bin/tmux" <<END
#!/bin/sh
TERMINFO_DIRS='$root/usr/share/terminfo:$root/lib/terminfo' exec '$rig/libexec/tmux' "\$@"
END
    cat >"$rig/bin/luacheck" <<END
#!/bin/sh
LUA_PATH='$root/usr/share/lua/5.1/?.lua;$root/usr/share/lua/5.1/?/init.lua' \\
LUA_CPATH='$libraries/lua/5.1/?.so' exec '$rig/libexec/lua5.1' '$root/usr/bin/luacheck' "\$@"
END
    chmod +x "$rig"/bin/*
    "$rig/bin/nvim" --version >/dev/null || give_up "the fetched Neovim does not start"
}

if ! is_complete "${packages[@]}"; then
    fetch "${packages[@]}"
    make_programs nvim tmux lua5.1
    start_programs
    complete "${packages[@]}"
fi
echo "$rig/bin"
