#!/bin/sh
# What must hold of the tree, read from the sources: includes go one way between folders, no headers include each other
# in a circle, sources that hold tensors are compiled in either precision, and every file of a folder has a line in its
# README.md. Prints what does not hold; status 1 then.
# Usage: tests/tree.sh [ROOT]
set -eu
cd "${1:-.}"
wrong=$(mktemp)
trap 'rm -f "$wrong"' EXIT

# A folder may include itself and those of a lower rank.
ranks='sim=0 train=1 analysis/limit=1 analysis/bounds=2 analysis/claims=3 analysis=3 plots=4 lib=4 explore=5 cli=6'
# READMEs that sources' neighbours have: tests speak for their folders, each named like what it tests.
readmes='sim train analysis analysis/limit analysis/bounds analysis/claims plots lib explore cli bench tests'

folders=$(echo "$ranks" | sed 's/=[0-9]*//g')
for folder in $folders; do
    for file in "$folder"/*.c "$folder"/*.h; do
        [ ! -f "$file" ] || sed -n 's/^#include "\([^"]*\/[^"]*\)".*/\1/p' "$file" | sed "s|^|$file |"
    done
done | awk -v ranks="$ranks" '
    function folder(path) { sub("/[^/]*$", "", path); return path }
    BEGIN { n = split(ranks, row, " "); for (i = 1; i <= n; i++) { split(row[i], pair, "="); rank[pair[1]] = pair[2] } }
    {
        from = folder($1); to = folder($2)
        if (!(to in rank))
            print $1 ": includes " $2 ", of a folder that has no rank (tests/tree.sh)"
        else if (from != to && rank[to] >= rank[from])
            print $1 ": includes " $2 ": " from " must not know " to
    }' >> "$wrong"

# tsort names the files of a circle on standard error.
for folder in $folders; do
    for file in "$folder"/*.h; do
        [ ! -f "$file" ] || sed -n 's/^#include "\([^"]*\/[^"]*\)".*/\1/p' "$file" | sed "s|^|$file |"
    done
done | tsort 2>&1 > /dev/null | sed 's/^tsort: -: /headers in a circle: /; s/^tsort: //' >> "$wrong"

# One that SINGLE lacks would be doubles among floats, without a word of the compiler's.
for folder in sim train; do
    single=$(sed -e :a -e '/\\$/N; s/\\\n//; ta' "$folder/module.mk" | sed -n 's/^SINGLE += .*,\(.*\))$/\1/p')
    for file in $(grep -lE '(^|[^a-z_"])real( \*|\)| [a-z_]+( =|;|\[))' "$folder"/*.c); do
        name=${file##*/}
        case " $single " in
        *" ${name%.c} "*) ;;
        *) echo "$file: holds tensors, and is not in SINGLE ($folder/module.mk)" >> "$wrong" ;;
        esac
    done
done

# A source and its header are one line, by their common name; so are the suites of a folder of tests, by the folder's.
for folder in $readmes; do
    readme=$folder/README.md
    [ -f "$readme" ] || { echo "$readme: missing" >> "$wrong"; continue; }
    for file in "$folder"/*; do
        name=${file##*/}
        case $name in
        README.md) continue ;;
        *.c | *.h) name=${name%.?} ;;
        esac
        [ ! -d "$file" ] || name=$name/
        grep -q "^- \`$name\`" "$readme" || echo "$readme: no line for $folder/$name: - \`$name\` ..."
    done | sort -u >> "$wrong"
    sed -n 's/^- `\([^`]*\)`.*/\1/p' "$readme" | while read -r name; do
        [ -e "$folder/$name" ] || [ -e "$folder/$name.c" ] || [ -e "$folder/$name.h" ] ||
            echo "$readme: a line for $name, which is not there"
    done >> "$wrong"
done

[ ! -s "$wrong" ] || { cat "$wrong" >&2; exit 1; }
