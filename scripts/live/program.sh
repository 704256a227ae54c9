#!/bin/sh
# Sees to it that a program is there that a make target needs; it is started by the target's own script.
# usage: program.sh NAME PACKAGE PLACE...   a place is a command, or a pattern of paths
set -eu

name=$1 package=$2
shift 2

there() {
    for place in "$@"; do
        # shellcheck disable=SC2086 -- a pattern of paths
        if command -v "$place" >/dev/null || ls $place >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

there "$@" && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "setup: installing $name"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null
fi
there "$@" && exit 0
echo "setup: there is no $name on this machine (Debian, Ubuntu: apt install $package)." >&2
exit 1
