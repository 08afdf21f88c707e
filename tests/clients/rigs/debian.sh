# For the scripts beside this one, which source it: packages of Debian's 'forky' beside the system.
#
# They come through the system's apt; nothing is installed and no root is needed. The caller sets
# `name`, what the rig is called. Another place for rigs: SC2_RIGS=/somewhere.

SUITE=forky
rig=${SC2_RIGS:-${XDG_CACHE_HOME:-$HOME/.cache}/sc2-lsp-rigs}/${name,,}
root=$rig/root

give_up() {
    echo "The $name rig cannot be made here: $1." >&2
    exit 1
}

# Whether these packages were made a rig; one of others is made anew.
is_complete() {
    test "$(cat "$rig/complete" 2>/dev/null)" = "$*"
}

# Says that the rig of these packages is complete.
complete() {
    echo "$*" >"$rig/complete"
}

# Unpacks these packages and what they need into $root.
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
    "${apt[@]}" install --yes --download-only --no-install-recommends "$@" >&2 \
        || give_up "the packages of Debian $SUITE cannot be fetched"
    # First the one whose links (/lib, /bin) the others unpack into.
    local archive
    for archive in "$rig"/apt/cache/archives/base-files_*.deb "$rig"/apt/cache/archives/*.deb; do
        test -e "$archive" || continue
        dpkg-deb --fsys-tarfile "$archive" | tar -x --keep-directory-symlink -C "$root"
    done
    rm -rf "$rig/apt"
}

# Copies programs of $root to $rig/libexec, such that they use the loader and the libraries that came
# with them; sets `libraries`, their folder.
make_programs() {
    local loader program
    loader=$(find "$root" -name 'ld-linux*.so.*' -print -quit)
    libraries=$(find "$root" -name 'libc.so.6' -printf '%h' -quit)
    test -n "$loader" -a -n "$libraries" || give_up "the packages hold no C library"
    mkdir -p "$rig/bin" "$rig/libexec"
    for program in "$@"; do
        cp -L "$root/usr/bin/$program" "$rig/libexec/$program"
        "$loader" --library-path "$libraries" "$root/usr/bin/patchelf" \
            --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$rig/libexec/$program"
    done
}
