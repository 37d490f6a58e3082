#!/bin/sh
# The tests run against real servers and a real browser: Debian's packages, installed when missing.
set -eu

missing=""
need() { # command-or-path package
  if [ "${1#/}" != "$1" ]; then
    # shellcheck disable=SC2086
    ls $1 >/dev/null 2>&1 || missing="$missing $2"
  else
    PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
  fi
}
need "/usr/lib/postgresql/*/bin/initdb" postgresql
need redis-server redis-server
need slapd slapd
need ldapsearch ldap-utils
need /usr/bin/chromium chromium
need "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc" fonts-noto-cjk
need xmlsec1 xmlsec1
need node nodejs
need npm npm
[ -n "$missing" ] || exit 0

say() { printf 'kapok: %s\n' "$1" >&2; }
run=""
if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then run="sudo -n"; else
    say "the tests need Debian packages that only an administrator can install: apt-get install --no-install-recommends$missing"
    exit 1
  fi
fi
command -v apt-get >/dev/null 2>&1 || { say "apt-get is not here; install by other means what the tests need:$missing"; exit 1; }
say "installing what the tests need:$missing"
# Debian's packages start their servers at installation; the suite runs private ones, so none is wanted here.
policy=/usr/sbin/policy-rc.d
made=""
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $run tee "$policy" >/dev/null && $run chmod 755 "$policy" && made=1
fi
finish() { [ -z "$made" ] || $run rm -f "$policy"; }
trap finish EXIT
log=$(mktemp)
# shellcheck disable=SC2086
if ! { $run apt-get update && DEBIAN_FRONTEND=noninteractive $run apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
  tail -5 "$log" >&2
  say "the packages could not be installed; the tests need:$missing"
  exit 1
fi
rm -f "$log"
