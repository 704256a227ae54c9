#!/bin/sh
# Sees to it that there is a Chromium. It is started by scripts.browser, without a window.
set -eu

there() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null
}

there && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "setup: installing Chromium"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
fi
there && exit 0
echo "setup: there is no Chromium on this machine (Debian, Ubuntu: apt install chromium)." >&2
exit 1
