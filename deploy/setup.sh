#!/bin/sh
# Creates .venv and installs exactly what the lock files say: setup.sh [dev]
# uv when it can be had, plain pip otherwise. Safe to run again; does nothing when nothing changed.
set -eu
cd "$(dirname "$0")/.."

stop() { printf 'kapok: %s\n' "$1" >&2; exit 1; }

[ -w . ] || stop "this folder is read-only: copy the project to a folder that you may write to, or run as its owner"

locks="requirements.txt"
[ "${1:-}" = dev ] && locks="requirements.txt requirements-dev.txt"
# shellcheck disable=SC2086
want=$(cat $locks | sha256sum | cut -d ' ' -f 1)
stamp=.venv/.installed-${1:-run}

recent='import sys; sys.exit(sys.version_info < (3, 11))'
python=""
for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
  if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c "$recent" 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || stop "Python 3.11 or newer is needed: on Debian 12 run 'apt-get install python3 python3-venv', elsewhere set PYTHON=/path/to/python3.11"

if [ -x .venv/bin/python ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
  exit 0
fi

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo -n "$@"; else return 1; fi
}

if ! .venv/bin/python -c "$recent" 2>/dev/null; then
  rm -rf .venv
  if command -v uv >/dev/null 2>&1; then
    uv venv --quiet --python "$python" .venv || stop "uv could not create .venv"
  elif ! "$python" -m venv .venv >/dev/null 2>&1; then
    # Debian ships Python without ensurepip; python3-venv brings it.
    rm -rf .venv
    (as_root apt-get update -qq && as_root apt-get install -y -qq python3-venv) >/dev/null 2>&1 || true
    "$python" -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; stop "Python cannot create a virtual environment: run 'apt-get install python3-venv' and try again"; }
  fi
fi

printf 'kapok: installing what %s says …\n' "$(echo "$locks" | sed 's/ / and /')"
uv=""
if command -v uv >/dev/null 2>&1; then
  uv=uv
elif .venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9 >/dev/null 2>&1; then
  uv=.venv/bin/uv
fi
requirements=""
for lock in $locks; do requirements="$requirements -r $lock"; done
if [ -n "$uv" ]; then
  # shellcheck disable=SC2086
  "$uv" pip install --quiet --python .venv/bin/python --require-hashes $requirements || stop "the packages could not be installed (see above): check the network and try again"
else
  # shellcheck disable=SC2086
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes $requirements || stop "the packages could not be installed (see above): check the network and try again"
fi
# Compiled modules make the first start four times as quick.
.venv/bin/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
printf '%s' "$want" > "$stamp"
