#!/bin/sh
# Puts the project and its development tools into a virtual environment: sh scripts/setup.sh FOLDER
# PYTHON names the interpreter that makes the environment.
set -eu

venv=$1
python=${PYTHON:-python3}

stop() {
    echo "setup: $*" >&2
    exit 1
}

get_it="Install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv; Fedora: dnf install python3; \
macOS: brew install python), or name one that is there: make PYTHON=python3.12 ..."

if ! "$venv/bin/python" -c '' 2>/dev/null; then
    command -v "$python" >/dev/null || stop "there is no '$python' on this machine. $get_it"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        stop "'$python' is $("$python" -V 2>&1), which is too old. $get_it"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        stop "'$python' has no venv module (Debian, Ubuntu: apt install python3-venv)."
    echo "setup: making $venv with $("$python" -V)"
    "$python" -m venv "$venv" || stop "'$python -m venv $venv' failed. $get_it"
fi
"$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "$venv holds $("$venv/bin/python" -V), which is too old. Remove $venv and try again. $get_it"
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null ||
    stop "$venv has no pip and none can be added. Remove $venv and try again."

echo "setup: installing into $venv; a minute from a warm cache, a few minutes the first time"
"$venv/bin/python" -m pip --disable-pip-version-check -qq install --constraint constraints.txt --editable '.[dev]' ||
    stop "pip could not install the project; its message is above."
