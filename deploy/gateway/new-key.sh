#!/bin/sh
# Makes a key for a user: the line for keys.map goes to standard output, the key itself to standard
# error, once, and nowhere else. Give it to the user; what is stored is only its hash.
#
#     sh new-key.sh alice >>keys.map && nginx -s reload
#
# To take a key away, delete the user's line and reload.
set -eu

user=${1:-}
case $user in
    '' | *[!a-zA-Z0-9._-]*)
        echo "new-key.sh: name the user by letters, digits, '.', '_' and '-': sh new-key.sh USER" >&2
        exit 2
        ;;
esac
for program in openssl sha256sum; do
    command -v "$program" >/dev/null || { echo "new-key.sh: '$program' was not found; install it." >&2; exit 2; }
done
key="sc2_$(openssl rand -hex 24)"
hash=$(printf %s "$key" | sha256sum)
printf '"%s" %s;\n' "${hash%% *}" "$user"
echo "The key of $user: $key" >&2
