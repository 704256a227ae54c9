#!/bin/sh
# Sees to it that there is a PostgreSQL server program. The server itself is started by scripts.system.
set -eu

there() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

there && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "setup: installing PostgreSQL"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null
fi
there && exit 0
echo "setup: there is no PostgreSQL server on this machine (Debian, Ubuntu: apt install postgresql)." >&2
exit 1
