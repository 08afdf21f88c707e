#!/usr/bin/env bash
# Puts nginx with njs, llama-server, promtool, docker-compose, kustomize, openssl and Kubernetes' own
# schemas into a cache folder and prints the folder of the programs.
#
# All but the schemas, which come from PyPI, are Debian's, see tests/clients/rigs/debian.sh. A second
# call finds what the first left.
set -euo pipefail

name=gateway
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../clients/rigs/debian.sh"

packages=(nginx libnginx-mod-http-js llama.cpp promtool docker-compose kustomize openssl patchelf)
schemas=kubernetes-validate==1.37.0

start_programs() {
    local program backend
    for program in nginx promtool docker-compose kustomize openssl; do
        mv "$rig/libexec/$program" "$rig/bin/"
    done
    ln -s "$root/usr/lib/nginx/modules" "$rig/modules"
    # Debian's ggml looks for its back ends where it is installed: the plainest of them runs anywhere.
    backend=$(find "$libraries/ggml" -name 'libggml-cpu*.so' \
        | awk '{ print length, $0 }' | sort -n | sed -n '1s/^[0-9]* //p')
    test -n "$backend" || give_up "the packages hold no CPU back end of ggml"
    cat >"$rig/bin/llama-server" <<END
#!/bin/sh
LD_LIBRARY_PATH='$libraries:$libraries/llama' GGML_BACKEND_PATH='$backend' exec '$rig/libexec/llama-server' "\$@"
END
    chmod +x "$rig/bin/llama-server"
    python3 -m venv "$rig/venv" \
        && "$rig/venv/bin/pip" install --quiet --disable-pip-version-check "$schemas" >&2 \
        || give_up "$schemas cannot be fetched from PyPI"
    ln -s ../venv/bin/kubernetes-validate "$rig/bin/"
    rm -rf "$root"/usr/{bin,sbin,share,libexec} "$root"/{etc,var}
    "$rig/bin/nginx" -v 2>/dev/null || give_up "the fetched nginx does not start"
    "$rig/bin/llama-server" --version >/dev/null 2>&1 || give_up "the fetched llama-server does not start"
}

if ! is_complete "${packages[@]}" "$schemas"; then
    fetch "${packages[@]}"
    ln -s ../sbin/nginx "$root/usr/bin/nginx"
    make_programs nginx llama-server promtool docker-compose kustomize openssl
    start_programs
    complete "${packages[@]}" "$schemas"
fi
echo "$rig/bin"
