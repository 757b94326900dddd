#!/bin/sh
# Installs the Debian packages listed in $1 that are missing; says so; does nothing where all are there.
set -eu

missing=
while read -r package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done < "$1"
[ -n "$missing" ] || exit 0

if ! command -v apt-get > /dev/null; then
    echo "deps: this is not a Debian system; install the equivalents of:$missing" >&2
    exit 3
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || { echo "deps: need root to install:$missing" >&2; exit 3; }
    as_root=sudo
fi
echo "deps: installing$missing"
# Another apt may be at work: the packages' lock is waited for by apt itself, that of the lists is not.
lists=0
until $as_root apt-get update -qq; do
    lists=$((lists + 1))
    [ "$lists" -lt 20 ] || exit 3
    sleep 3
done
# shellcheck disable=SC2086 # a list of names
DEBIAN_FRONTEND=noninteractive $as_root apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends \
    $missing > /dev/null
