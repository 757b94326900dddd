#!/bin/sh
# data.sh SPANSCOPE TABLE NAME TIER FILE: runs the commands of a data set of data.tsv, all profiles into FILE.
set -eu

spanscope=$1 table=$2 name=$3 tier=$4 file=$5

rows() {
    awk -F '\t' -v name="$name" -v tier="$1" '$1 == name && ($2 == tier || $2 == "both") { print $3 }' "$table"
}

mkdir -p "$(dirname "$file")"
trap 'rm -f "$file.new" "$file.rows"' EXIT
rows "$tier" > "$file.rows"
[ -s "$file.rows" ] || rows check > "$file.rows"
[ -s "$file.rows" ] || { echo "data.sh: $table has no data set $name" >&2; exit 2; }
: > "$file.new"
while read -r command; do
    case $command in
    map\ *) options=--quiet ;; # a map is JSON always
    run\ * | train\ *) options='--quiet --format json' ;;
    *) options='--format json' ;;
    esac
    # shellcheck disable=SC2086 # a command's words
    "$spanscope" $command $options >> "$file.new" < /dev/null
done < "$file.rows"
mv "$file.new" "$file"
