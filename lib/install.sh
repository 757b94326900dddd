#!/bin/sh
# Puts what was built into its place, and takes it away: lib/install.sh install|uninstall BUILD VERSION, with DESTDIR,
# prefix, bindir, libdir, includedir, datadir, mandir and docdir, and the names of the manual's PAGES, in the environment
# behind PLACE_. One list serves both.
set -eu
act=$1 build=$2 version=$3
DESTDIR=$PLACE_DESTDIR prefix=$PLACE_prefix bindir=$PLACE_bindir libdir=$PLACE_libdir includedir=$PLACE_includedir
datadir=$PLACE_datadir mandir=$PLACE_mandir docdir=$PLACE_docdir
major=${version%%.*}
pc=$build/lib/spanscope.pc

# Calls $1 MODE FILE PLACE for every file that is installed, and $1 link TARGET PLACE for every link.
each() {
    "$1" 755 "$build/spanscope" "$bindir/spanscope"
    "$1" 644 "$build/lib/libspanscope.a" "$libdir/libspanscope.a"
    "$1" 755 "$build/lib/libspanscope.so.$version" "$libdir/libspanscope.so.$version"
    "$1" link "libspanscope.so.$version" "$libdir/libspanscope.so.$major"
    "$1" link "libspanscope.so.$major" "$libdir/libspanscope.so"
    "$1" 644 lib/spanscope.h "$includedir/spanscope.h"
    "$1" 644 "$pc" "$libdir/pkgconfig/spanscope.pc"
    for page in $PLACE_PAGES; do
        "$1" 644 "$build/man/$page" "$mandir/man1/$page"
    done
    "$1" 644 "$build/completion/bash" "$datadir/bash-completion/completions/spanscope"
    "$1" 644 "$build/completion/zsh" "$datadir/zsh/site-functions/_spanscope"
    "$1" 644 "$build/completion/fish" "$datadir/fish/vendor_completions.d/spanscope.fish"
    for text in README.md CHANGELOG.md LICENSE docs/*.md examples/profile.c; do
        "$1" 644 "$text" "$docdir/${text##*/}"
    done
    for schema in docs/schema/*.json; do
        "$1" 644 "$schema" "$datadir/spanscope/schema/${schema##*/}"
    done
}

put() {
    if [ "$1" = link ]; then
        mkdir -p "$DESTDIR${3%/*}"
        ln -sf "$2" "$DESTDIR$3"
    else
        install -D -m "$1" "$2" "$DESTDIR$3"
    fi
    echo "  INSTALL $DESTDIR$3"
}

# Folders that are ours alone go too; under a DESTDIR, whatever is left empty.
take() {
    rm -f "$DESTDIR$3"
    folder=${3%/*}
    if [ -n "$DESTDIR" ]; then
        [ ! -d "$DESTDIR$folder" ] || (cd "$DESTDIR/" && rmdir -p --ignore-fail-on-non-empty -- "${folder#/}")
        return
    fi
    case $folder in
    */spanscope/*) rmdir "$folder" "${folder%/*}" 2> /dev/null || true ;;
    */spanscope) rmdir "$folder" 2> /dev/null || true ;;
    esac
}

# Blanks behind backslashes, as pkg-config splits words.
escape() { printf '%s' "$1" | sed 's/[ \t]/\\&/g'; }

# A place below the prefix is said by it, so that pkg-config --define-prefix can move the tree.
below() {
    case $1 in
    "$prefix"/*) printf '${prefix}/%s' "$(escape "${1#"$prefix"/}")" ;;
    *) escape "$1" ;;
    esac
}

write_pc() {
    cat > "$pc" << END
prefix=$(escape "$prefix")
libdir=$(below "$libdir")
includedir=$(below "$includedir")

Name: spanscope
Description: Signal propagation in random deep transformer stacks: samples, predictions and bounds
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -lspanscope
Libs.private: -lgsl -lopenblas -llapacke -lm -pthread
END
}

case $act in
install)
    write_pc
    each put
    ;;
uninstall) each take ;;
esac
[ -n "$DESTDIR" ] || [ "$(id -u)" -ne 0 ] || ! command -v ldconfig > /dev/null || ldconfig
