#!/usr/bin/env bash
# Installs VS Code's server and a browser for the tests of clients/vscode, and prints the folder
# that holds them: Debian's Chromium and ripgrep, and from npm code-server, whose `lib/vscode` is
# VS Code itself, and playwright-core. What is there already is kept; `SC2_RIGS` names another place.
#
# Needs Node 20 or newer, npm and, for what is missing of Debian's packages, root.
set -euo pipefail

CODE_SERVER=4.100.3
PLAYWRIGHT=1.52.0
PACKAGES=(chromium ripgrep libkrb5-dev)

rig=${SC2_RIGS:-${XDG_CACHE_HOME:-$HOME/.cache}/sc2-lsp-rigs}/vscode
stamp=$rig/.installed-$CODE_SERVER-$PLAYWRIGHT

cannot() {
  echo "The VS Code of the tests cannot be installed: $1" >&2
  exit 1
}

if [[ -e $stamp ]]; then
  echo "$rig"
  exit
fi

for program in node npm python3 c++ make; do
  command -v "$program" >/dev/null || cannot "'$program' was not found."
done
(($(node -p 'process.versions.node.split(".")[0]') >= 20)) || cannot "Node 20 or newer is needed."

missing=()
for package in "${PACKAGES[@]}"; do
  [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == *" installed" ]] || missing+=("$package")
done
if ((${#missing[@]})); then
  command -v apt-get >/dev/null || cannot "it is made of packages of Debian, and there is no apt-get here."
  ((EUID == 0)) || cannot "as root, run 'apt-get install ${missing[*]}' first."
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}" >&2 ||
    cannot "apt-get did not install ${missing[*]}; 'apt-get update' may help."
fi

quietly() {
  "$@" >>"$rig/install.log" 2>&1 || cannot "'$*' failed; see $rig/install.log."
}

mkdir -p "$rig"
cd "$rig"
: >install.log
[[ -e package.json ]] || echo '{ "private": true }' >package.json
quietly npm install --ignore-scripts --no-audit --no-fund "code-server@$CODE_SERVER" "playwright-core@$PLAYWRIGHT"
cd node_modules/code-server/lib/vscode
quietly npm install --omit=dev --ignore-scripts --no-audit --no-fund
# Only what the server cannot start without is built; terminals and passwords are not tried.
quietly npm rebuild @vscode/spdlog native-watchdog kerberos @parcel/watcher
mkdir -p node_modules/@vscode/ripgrep/bin
ln -sfn "$(command -v rg)" node_modules/@vscode/ripgrep/bin/rg
ln -sfn node_modules node_modules.asar
touch "$stamp"
echo "$rig"
