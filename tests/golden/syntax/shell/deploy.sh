#!/bin/bash
# Deploys, as a sample of shell.
source ./lib.sh
. "$HOME/env.sh"

TARGET=production
export REGION="eu"
readonly RETRIES=3
declare -r LOG=/tmp/log

alias ll='ls -l'

# Copies files
# to the target.
copy_files() {
  local from="$1"
  for file in "$from"/*; do
    scp "$file" "$TARGET" | tee "$LOG"
  done
}

function restart {
  ssh "$TARGET" systemctl restart app
}

if [ -n "$DEBUG" ]; then
  debug() { echo "$@"; }
fi

copy_files build && restart
