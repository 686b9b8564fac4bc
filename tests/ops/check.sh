# check.sh - counts checks; sourced by the parts of the suite.

passed=0
failed=0

# check NAME COMMAND...: passes where the command succeeds; shows what it said
# where it does not.
check() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok    $name"
        return 0
    fi
    failed=$((failed + 1))
    echo "FAIL  $name"
    sed 's/^/        /' <<<"$said" | tail -n 20
    return 0
}

# same WANTED GOT
same() {
    [ "$1" = "$2" ] || {
        printf 'wanted: %s\ngot:    %s\n' "$1" "$2"
        return 1
    }
}

# has WHAT TEXT: the text has a match of the pattern.
has() {
    grep -qE -- "$1" <<<"$2" || {
        printf 'no match of: %s\nin: %s\n' "$1" "$2"
        return 1
    }
}

has_not() {
    ! has "$1" "$2" >/dev/null || {
        printf 'there is: %s\nin: %s\n' "$1" "$2"
        return 1
    }
}

# empty TEXT
empty() {
    [ -z "$1" ] || {
        printf '%s\n' "$1"
        return 1
    }
}

# at_most WANTED GOT: numbers, perhaps with a point.
at_most() {
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(b != "" && b <= a) }' ||
        same "at most $1" "$2"
}
