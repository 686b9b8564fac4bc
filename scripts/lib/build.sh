# build.sh - autogen, configure and make, out of tree and only where needed.

# build_make DIR [CONFIGURE-OPTION...]: brings DIR's programs up to date.
build_make() {
    local where=$1 log
    shift
    log=$where/build.log
    as_owner mkdir -p "$where"
    build_configure "$where" "$@"
    as_owner make -s -C "$where" -j"$(nproc)" all >>"$log" 2>&1 ||
        fail "the build failed:" "$(tail -n 25 "$log")" "the whole of it: $log"
}

build_configure() {
    local where=$1 want
    shift
    want=$(printf '%s ' "$top" "$@")
    [ -s "$top/configure" ] && [ -s "$top/Makefile.in" ] ||
        as_owner sh -c "\"$top/autogen.sh\" >\"$where/build.log\" 2>&1" ||
        fail "autogen.sh failed:" "$(tail -n 25 "$where/build.log")"
    if [ "$(cat "$where/.configured" 2>/dev/null)" = "$want" ] &&
        [ -x "$where/config.status" ]; then
        as_owner sh -c ": >\"$where/build.log\""
        return 0
    fi
    as_owner sh -c 'cd "$1" && shift && log=$1 && shift && "$@" >"$log" 2>&1' \
        - "$where" "$where/build.log" "$top/configure" --quiet "$@" ||
        fail "configure failed:" "$(tail -n 25 "$where/build.log")"
    as_owner sh -c "echo '$want' >\"$where/.configured\""
}

# The options a directory was configured with, one a line.
build_options() {
    [ -s "$1/.configured" ] || return 0
    tr ' ' '\n' <"$1/.configured" | grep '^--' || true
}
