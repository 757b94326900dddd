#!/bin/sh
# Writes C with the bytes of files, one behind the other, to standard output: const unsigned char asset_NAME[] and its size.
# Usage: embed.sh NAME FILE...
set -eu
name=$1
shift
for file; do
    [ -r "$file" ] || { echo "embed: $file cannot be read; make deps installs what it belongs to" >&2; exit 3; }
done
printf '#include <stddef.h>\nextern const unsigned char asset_%s[];\nextern const size_t asset_%s_size;\n' "$name" "$name"
printf 'const unsigned char asset_%s[] = {\n' "$name"
cat "$@" | od -An -v -tu1 | sed 's/^ *//; s/  */,/g; s/$/,/'
printf '0};\nconst size_t asset_%s_size = sizeof asset_%s - 1;\n' "$name" "$name"
