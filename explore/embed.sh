#!/bin/sh
# Writes C with the bytes of a file to standard output: const unsigned char asset_NAME[] and its size.
# Usage: embed.sh NAME FILE
set -eu
[ -r "$2" ] || { echo "embed: $2 cannot be read; make deps installs what it belongs to" >&2; exit 3; }
printf '#include <stddef.h>\nextern const unsigned char asset_%s[];\nextern const size_t asset_%s_size;\n' "$1" "$1"
printf 'const unsigned char asset_%s[] = {\n' "$1"
od -An -v -tu1 "$2" | sed 's/^ *//; s/  */,/g; s/$/,/'
printf '0};\nconst size_t asset_%s_size = sizeof asset_%s - 1;\n' "$1" "$1"
