#!/bin/sh
# make install into a folder of its own, once under a name with blanks: everything is there, pkg-config finds it, the
# example is compiled against it (shared and static) and gives the program's numbers, the manual and the completions are
# found; make uninstall leaves nothing. Usage: tests/install.sh BUILD, with MAKE and CC in the environment.
set -eu
build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
fail() { echo "install: $*" >&2; exit 1; }

# Numbers of a column by the program, as the example prints them.
expected() {
    "$1" run --layers 4 --width 128 --samples 8 --format csv --quiet | awk -F, '$5 == "gradient_variance" { print $4 "," $6 "," $8 }'
}

check() {
    destination=$1 prefix=$2
    place=$destination$prefix
    "$MAKE" -s install DESTDIR="$destination" prefix="$prefix" > "$root/log" || fail "make install failed"
    for file in bin/spanscope lib/libspanscope.a lib/libspanscope.so include/spanscope.h lib/pkgconfig/spanscope.pc \
        share/man/man1/spanscope.1 share/man/man1/spanscope-run.1 share/bash-completion/completions/spanscope \
        share/zsh/site-functions/_spanscope share/fish/vendor_completions.d/spanscope.fish \
        share/doc/spanscope/profile.c share/doc/spanscope/output.md \
        share/spanscope/schema/profile.json; do
        [ -s "$place/$file" ] || fail "$place/$file is missing"
    done
    before=$(find "$destination" | wc -l)
    export PKG_CONFIG_PATH="$place/lib/pkgconfig" LD_LIBRARY_PATH="$place/lib"
    # blanks stand behind backslashes: in what pkg-config is told, and in what it says, for eval
    escaped=$(printf '%s' "$place" | sed 's/ /\\ /g')
    flags=$(pkg-config --define-variable=prefix="$escaped" --cflags --libs spanscope)
    static=$(pkg-config --define-variable=prefix="$escaped" --cflags --libs --static spanscope)
    case $(pkg-config --variable=prefix spanscope) in "$prefix" | "$(printf '%s' "$prefix" | sed 's/ /\\ /g')") ;;
    *) fail "spanscope.pc has another prefix" ;;
    esac
    eval "$CC -std=c11 -Wall -Wextra -Werror \"$place/share/doc/spanscope/profile.c\" $flags -o \"$root/shared\"" ||
        fail "the example does not compile"
    eval "$CC -std=c11 -Wall -Wextra -Werror \"$place/share/doc/spanscope/profile.c\" ${static%-lspanscope*} -Wl,-Bstatic -lspanscope -Wl,-Bdynamic ${static#*-lspanscope} -o \"$root/static\"" || fail "the example does not link statically"
    expected "$place/bin/spanscope" > "$root/expected"
    [ "$(wc -l < "$root/expected")" -eq 5 ] || fail "the program printed $(cat "$root/expected")"
    for kind in shared static; do
        "$root/$kind" > "$root/$kind.csv" || fail "the $kind example failed"
        sed 1d "$root/$kind.csv" | cut -d, -f1-3 | cmp -s - "$root/expected" ||
            fail "the $kind example's numbers are not the program's: $(cat "$root/$kind.csv" "$root/expected")"
    done
    LD_LIBRARY_PATH='' ldd "$root/static" | grep -q libspanscope && fail "the static example needs the shared library"
    ldd "$root/shared" | grep -q "libspanscope.so.0 => $place/lib" || fail "the shared example finds another library"
    ! command -v c++ > /dev/null || eval "echo '#include <spanscope.h>' | c++ -Wall -Werror -fsyntax-only -x c++ - $flags" ||
        fail "the header is no C++"
    # only the functions of the header have a name
    nm -D --defined-only "$place/lib/libspanscope.so" | awk '{ print $3 }' | grep -v '^spanscope_' &&
        fail "the shared library has other names"
    nm -g --defined-only "$place/lib/libspanscope.a" | awk 'NF == 3 { print $3 }' | grep -v '^spanscope_' &&
        fail "the static library has other names"
    [ "$(find "$destination" | wc -l)" -eq "$before" ] || fail "something was written into the tree"
    "$MAKE" -s uninstall DESTDIR="$destination" prefix="$prefix" || fail "make uninstall failed"
    left=$(find "$destination" -mindepth 1 2> /dev/null || true)
    [ -z "$left" ] || fail "uninstall left $left"
}

mkdir "$root/plain" "$root/with blanks"
check "$root/plain" /usr/local
check "$root/with blanks" "/opt/my tools"

# Names that are no friends of shells are installed to, and nothing is left of it, though what was built is gone meanwhile.
odd="$root/it's \"odd\" \$(false)"
"$MAKE" -s install DESTDIR="$(printf '%s' "$odd" | sed 's/\$/$$/g')" > "$root/log" || fail "no install into $odd"
[ -x "$odd/usr/local/bin/spanscope" ] || fail "nothing in $odd"
"$MAKE" -s uninstall BUILD="$root/none" DESTDIR="$(printf '%s' "$odd" | sed 's/\$/$$/g')"
left=$(find "$odd" -mindepth 1 2> /dev/null || true)
[ -z "$left" ] || fail "uninstall left $left"

# Another's file stays.
mkdir -p "$root/kept/usr/local/bin" && echo other > "$root/kept/usr/local/bin/other"
"$MAKE" -s install DESTDIR="$root/kept" > "$root/log" && "$MAKE" -s uninstall DESTDIR="$root/kept"
[ "$(find "$root/kept" -type f)" = "$root/kept/usr/local/bin/other" ] || fail "a file of another is gone, or one is left"
echo "install: everything in its place, used, and away again"
