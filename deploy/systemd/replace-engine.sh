#!/bin/sh
# Replaces the engine of one machine by another, of another version or with another model, while
# developers type: the new one is started beside the old one, gets all that is asked from when it is
# ready, and the old one is stopped when what it still writes is done. To go back, the same the other
# way round.
#
#     sh replace-engine.sh a b
#
# Both have to fit into memory at once. If the new one does not get ready, the old one goes on.
set -eu

run=${SC2_RUN:-/run}
gateway=${SC2_GATEWAY:-/etc/sc2/gateway}
longest_start_s=${SC2_START_S:-600}
longest_answer_s=60

give_up() {
    echo "replace-engine.sh: $1" >&2
    exit "$2"
}

ask() { curl --silent --fail --max-time 5 --unix-socket "$run/sc2-$1/engine.sock" "http://engine$2"; }

n_running() { ask "$1" /metrics | sed -n 's/^llamacpp:requests_processing //p'; }

old=${1:-} new=${2:-}
case $old$new in
    ab | ba) ;;
    *) give_up "name the engine that runs and the one to take its place: sh replace-engine.sh a b" 2 ;;
esac
command -v curl >/dev/null || give_up "'curl' was not found; install it." 2
ask "$old" /health >/dev/null || give_up "engine $old does not answer, so there is nothing to replace." 2

systemctl enable --now "sc2-engine@$new"
waited_s=0
until ask "$new" /health >/dev/null; do
    if ! systemctl is-active --quiet "sc2-engine@$new" || [ "$waited_s" -ge "$longest_start_s" ]; then
        systemctl disable --now "sc2-engine@$new"
        give_up "engine $new did not get ready; engine $old goes on. journalctl -u sc2-engine@$new says why." 1
    fi
    sleep 1
    waited_s=$((waited_s + 1))
done

printf '# The engine that the gateway asks; replace-engine.sh writes it anew.\nserver unix:%s;\n' \
    "$run/sc2-$new/engine.sock" >"$gateway/engines.conf.new"
mv "$gateway/engines.conf.new" "$gateway/engines.conf"
systemctl reload sc2-gateway

# The gateway's former processes end what they have begun. Three times nothing under way, a second
# apart, is that nothing comes any more.
quiet_s=0 waited_s=0
while [ "$quiet_s" -lt 3 ] && [ "$waited_s" -lt "$longest_answer_s" ]; do
    sleep 1
    waited_s=$((waited_s + 1))
    if [ "$(n_running "$old")" = 0 ]; then quiet_s=$((quiet_s + 1)); else quiet_s=0; fi
done
systemctl disable --now "sc2-engine@$old"
echo "Engine $new has taken the place of $old."
