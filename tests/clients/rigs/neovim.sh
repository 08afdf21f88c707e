#!/usr/bin/env bash
# Puts Neovim 0.12 with tmux and luacheck into a cache folder and prints the folder of the programs.
#
# They come from Debian's 'forky', through the system's apt and beside the system: nothing is
# installed and no root is needed. A second call finds what the first left. Another place for it:
# SC2_RIGS=/somewhere; other programs: set NVIM, see tests/clients/neovim/conftest.py.
set -euo pipefail

SUITE=forky
PACKAGES=(neovim tmux patchelf lua-check lua5.1 ncurses-base)
rig=${SC2_RIGS:-${XDG_CACHE_HOME:-$HOME/.cache}/sc2-lsp-rigs}/neovim
root=$rig/root

give_up() {
    echo "The Neovim rig cannot be made here: $1." >&2
    exit 1
}

fetch() {
    for program in apt-get dpkg dpkg-deb; do
        command -v "$program" >/dev/null || give_up "it needs Debian's apt, and $program is missing"
    done
    local key=/usr/share/keyrings/debian-archive-keyring.gpg
    test -e "$key" || give_up "$key is missing (package debian-archive-keyring)"
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
        | grep -m 1 '/debian/\?$' || echo http://deb.debian.org/debian)
    rm -rf "$rig"
    mkdir -p "$rig"/apt/{lists/partial,cache/archives/partial} "$root" 2>/dev/null \
        || give_up "$rig cannot be written"
    : >"$rig/apt/status"
    echo "deb [signed-by=$key] $mirror $SUITE main" >"$rig/apt/sources.list"
    local apt=(
        apt-get -qq -o Dir::Etc::sourcelist="$rig/apt/sources.list" -o Dir::Etc::sourceparts=-
        -o Dir::State::lists="$rig/apt/lists" -o Dir::State::status="$rig/apt/status"
        -o Dir::Cache="$rig/apt/cache" -o APT::Sandbox::User= -o Debug::NoLocking=1
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
    )
    "${apt[@]}" update >&2 || give_up "the package lists of Debian $SUITE cannot be fetched"
    "${apt[@]}" install --yes --download-only --no-install-recommends "${PACKAGES[@]}" >&2 \
        || give_up "the packages of Debian $SUITE cannot be fetched"
    # First the one whose links (/lib, /bin) the others unpack into.
    local archive
    for archive in "$rig"/apt/cache/archives/base-files_*.deb "$rig"/apt/cache/archives/*.deb; do
        test -e "$archive" || continue
        dpkg-deb --fsys-tarfile "$archive" | tar -x --keep-directory-symlink -C "$root"
    done
    rm -rf "$rig/apt"
}

# The programs use the loader and the libraries that came with them.
make_programs() {
    local loader libraries program
    loader=$(find "$root" -name 'ld-linux*.so.*' -print -quit)
    libraries=$(find "$root" -name 'libc.so.6' -printf '%h' -quit)
    test -n "$loader" -a -n "$libraries" || give_up "the packages hold no C library"
    mkdir -p "$rig/bin" "$rig/libexec"
    for program in nvim tmux lua5.1; do
        cp -L "$root/usr/bin/$program" "$rig/libexec/$program"
        "$loader" --library-path "$libraries" "$root/usr/bin/patchelf" \
            --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$rig/libexec/$program"
    done
    cat >"$rig/bin/nvim" <<END
#!/bin/sh
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
    touch "$rig/complete"
}

if [[ ! -e $rig/complete ]]; then
    fetch
    make_programs
fi
echo "$rig/bin"
