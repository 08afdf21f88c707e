#!/usr/bin/env bash
# Puts Helix with tmux into a cache folder and prints the folder of the programs.
#
# They come from Debian, see debian.sh. A second call finds what the first left. Another Helix: set
# HX.
set -euo pipefail

name=Helix
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/debian.sh"

packages=(hx tmux patchelf ncurses-base)

start_programs() {
    cat >"$rig/bin/hx" <<END
#!/bin/sh
HELIX_RUNTIME='$root/usr/lib/hx/runtime' exec '$rig/libexec/hx' "\$@"
END
    cat >"$rig/bin/tmux" <<END
#!/bin/sh
TERMINFO_DIRS='$root/usr/share/terminfo:$root/lib/terminfo' exec '$rig/libexec/tmux' "\$@"
END
    chmod +x "$rig"/bin/*
    "$rig/bin/hx" --version >/dev/null || give_up "the fetched Helix does not start"
}

if ! is_complete "${packages[@]}"; then
    fetch "${packages[@]}"
    make_programs hx tmux
    start_programs
    complete "${packages[@]}"
fi
echo "$rig/bin"
