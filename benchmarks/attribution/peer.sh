#!/bin/sh
# Compares attribute with ChannelAttribution on one synthetic file of paths: three rules and
# Markov of order 1, money included. Ours reads the file; the peer's strings are in memory.
#
#   peer.sh [JOURNEYS]
#
# Without Python, a network or a wheel for this machine it says so and ends with status 0.
set -eu
cd "$(dirname "$0")"
n=${1:-1000000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go run ./paths "$n" >"$dir/paths.csv"
(cd ../.. && go build -o "$dir/attribute" ./examples/attribute)

ours=$(bash -c "TIMEFORMAT='%U %S'; time '$dir/attribute' -in '$dir/paths.csv' -format paths -models first,last,linear,markov1 -bootstrap 0 >/dev/null 2>&1" 2>&1 | awk '{ print $1 + $2 }')
echo "attribute: $ours s of CPU for $n journeys, reading included"

if ! python3 -m venv "$dir/venv" 2>/dev/null; then
	echo "skipped the peer: no python3 with venv"
	exit 0
fi
if ! "$dir/venv/bin/pip" install --quiet --disable-pip-version-check ChannelAttribution pandas matplotlib 2>"$dir/pip.log"; then
	echo "skipped the peer: ChannelAttribution does not install here"
	exit 0
fi
theirs=$("$dir/venv/bin/python" peer.py "$dir/paths.csv" 2>"$dir/peer.log" | tail -n 1 | grep -E '^[0-9.]+$' || true)
if [ -z "$theirs" ]; then
	echo "skipped the peer: it does not run here: $(tail -n 1 "$dir/peer.log")"
	exit 0
fi
echo "ChannelAttribution: $theirs s of CPU, strings in memory"
awk "BEGIN { printf \"ratio: %.1f\\n\", $theirs / $ours }"
