#!/usr/bin/env bash
# Puts nginx with njs, llama-server, promtool, docker-compose, kustomize, kubernetes-validate and
# openssl into a cache folder and prints the folder of the programs.
#
# All but one come from Debian's 'forky', through the system's apt and beside the system: nothing is
# installed and no root is needed. A second call finds what the first left. Another place for it:
# SC2_RIGS=/somewhere.
set -euo pipefail

SUITE=forky
PACKAGES=(nginx libnginx-mod-http-js llama.cpp promtool docker-compose kustomize openssl patchelf)
rig=${SC2_RIGS:-${XDG_CACHE_HOME:-$HOME/.cache}/sc2-lsp-rigs}/gateway
root=$rig/root

give_up() {
    echo "The gateway rig cannot be made here: $1." >&2
    exit 1
}

fetch() {
    for program in apt-get dpkg-deb; do
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

# The programs use the loader and the libraries that came with them; the rest is thrown away.
make_programs() {
    local loader libraries program
    loader=$(find "$root" -name 'ld-linux*.so.*' -print -quit)
    libraries=$(find "$root" -name 'libc.so.6' -printf '%h' -quit)
    test -n "$loader" -a -n "$libraries" || give_up "the packages hold no C library"
    mkdir -p "$rig/bin"
    for program in sbin/nginx bin/llama-server bin/promtool bin/docker-compose bin/kustomize bin/openssl; do
        cp -L "$root/usr/$program" "$rig/bin/"
        "$loader" --library-path "$libraries" "$root/usr/bin/patchelf" --set-interpreter "$loader" \
            --force-rpath --set-rpath "$libraries" "$rig/bin/${program#*/}"
    done
    rm -rf "$root"/usr/{bin,sbin,share,libexec} "$root"/{var,etc}
    ln -s "$root/usr/lib/nginx/modules" "$rig/modules"
    # Debian looks for ggml's back ends where it is installed: the plainest of them runs anywhere.
    local backend
    backend=$(find "$libraries/ggml" -name 'libggml-cpu*.so' | awk '{ print length, $0 }' | sort -n | sed -n '1s/^[0-9]* //p')
    test -n "$backend" || give_up "the packages hold no CPU back end of ggml"
    mv "$rig/bin/llama-server" "$rig/bin/.llama-server"
    cat >"$rig/bin/llama-server" <<END
#!/bin/sh
LD_LIBRARY_PATH='$libraries:$libraries/llama' GGML_BACKEND_PATH='$backend' exec '$rig/bin/.llama-server' "\$@"
END
    chmod +x "$rig/bin/llama-server"
    "$rig/bin/nginx" -v 2>/dev/null || give_up "the fetched nginx does not start"
    "$rig/bin/llama-server" --version >/dev/null 2>&1 || give_up "the fetched llama-server does not start"
    # Kubernetes' own schemas, from PyPI.
    python3 -m venv "$rig/venv" && "$rig/venv/bin/pip" install --quiet --disable-pip-version-check \
        kubernetes-validate==1.37.0 >&2 || give_up "Kubernetes' schemas cannot be fetched"
    ln -s ../venv/bin/kubernetes-validate "$rig/bin/"
    touch "$rig/complete"
}

if [[ ! -e $rig/complete ]]; then
    fetch
    make_programs
fi
echo "$rig/bin"
