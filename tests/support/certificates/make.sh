#!/bin/sh
# Makes the certificates beside this script anew: an authority, what it vouches for, and what it
# should not. Needs OpenSSL. Each file holds a key and a certificate; they are for tests alone.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
    -subj '/CN=Authority for tests' -keyout "$work/authority.key" -out authority.pem 2>/dev/null
mkdir "$work/issued"
: >"$work/index.txt"
cat >"$work/ca.cnf" <<END
[ca]
default_ca = tests
[tests]
database = $work/index.txt
new_certs_dir = $work/issued
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
END

# NAME SUBJECT NAMES FROM UNTIL
issue() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
        -addext "subjectAltName=$3" -keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
    openssl ca -batch -notext -config "$work/ca.cnf" -cert authority.pem \
        -keyfile "$work/authority.key" -startdate "$4" -enddate "$5" \
        -in "$work/$1.csr" -out "$work/$1.crt" 2>/dev/null
    cat "$work/$1.key" "$work/$1.crt" >"$1.pem"
}

here='IP:127.0.0.1,IP:198.51.100.7,DNS:localhost,DNS:models.test'
issue good here "$here" 20250101000000Z 21240101000000Z
issue expired here "$here" 20240101000000Z 20250101000000Z
issue early here "$here" 21230101000000Z 21240101000000Z
issue elsewhere elsewhere DNS:elsewhere.test 20250101000000Z 21240101000000Z
issue developer developer DNS:developer.test 20250101000000Z 21240101000000Z
