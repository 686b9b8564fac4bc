# packages.sh - installs the Debian packages that scripts/packages lists.

# packages_of SECTION...: lines "PACKAGE [COMMAND]".
packages_of() {
    local section
    for section in "$@"; do
        awk -v want="[$section]" '
            /^\[/ { on = $1 == want; next }
            on && NF && !/^#/' "$top/scripts/packages"
    done
}

packages_missing() {
    local package command have
    have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' |
        sed -n 's/^ii *//p')
    packages_of "$@" | while read -r package command; do
        [ -n "$command" ] &&
            PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null &&
            continue
        grep -qx -- "$package" <<<"$have" || echo "$package"
    done
}

# packages_install SECTION...: installs what is missing, with one line of
# progress; needs root or sudo only where something is.
packages_install() {
    local missing sudo=
    command -v dpkg-query >/dev/null || {
        say "This is no Debian system: install what scripts/packages lists."
        return 0
    }
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    is_root || sudo=sudo
    [ -z "$sudo" ] || command -v sudo >/dev/null ||
        fail "packages are missing and there is no sudo. As root:" \
            "apt-get install --no-install-recommends $(echo $missing)"
    step packages
    [ "$quiet" = yes ] || printf 'installing %s ... ' "$(wc -w <<<"$missing")"
    $sudo bash "$top/scripts/lib/apt.sh" $missing >"$(packages_log)" 2>&1 ||
        fail "apt-get failed:" "$(tail -n 5 "$(packages_log)")" \
            "the whole of it: $(packages_log)"
    step_end
}

packages_log() {
    echo "${TMPDIR:-/tmp}/sparkle-apt-$(id -u).log"
}
