# common.sh - words to the user, and who runs what.  Sourced by bash scripts
# that have set `top` to the tree's top directory.

# Everything that serves runs as this user where root calls.
service_user=sparkle

quiet=${quiet:-no}
step_open=no

# One line a step: "name ... outcome".  Long steps show that they are long.
step() {
    step_end
    [ "$quiet" = yes ] || printf '  %-12s ' "$1"
    step_open=yes
    step_began=$(now_ms)
}

# Ends the open step's line: what came out, and the time where it took some.
step_end() {
    [ "$step_open" = yes ] || return 0
    step_open=no
    [ "$quiet" = yes ] && return 0
    local ms=$(($(now_ms) - step_began)) took=
    [ "$ms" -lt 1000 ] || took="  ($((ms / 1000)).$((ms % 1000 / 100)) s)"
    printf '%s%s\n' "${1:-ok}" "$took"
}

say() {
    step_end
    [ "$quiet" = yes ] || printf '%s\n' "$*"
}

warn() {
    step_end '!'
    printf '%s\n' "$*" >&2
}

# Says what is wrong and what to do, and ends the script (see on_failure).
fail() {
    step_end failed
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    shift
    local line
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

now_ms() {
    local t=${EPOCHREALTIME/[.,]/}
    echo $((t / 1000))
}

is_root() {
    [ "$(id -u)" = 0 ]
}

runs_as() {
    if is_root; then echo "$service_user"; else id -un; fi
}

# Makes the system user that root's instances run as.
user_make() {
    is_root || return 0
    getent passwd "$service_user" >/dev/null && return 0
    local useradd=/usr/sbin/useradd
    "$useradd" --system --user-group --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin "$service_user"
}

# Runs a command as the user who serves, in place of this process: with root's
# groups and rights gone, and no way back.
exec_as_user() {
    cd /
    if is_root; then
        exec setpriv --reuid "$service_user" --regid "$service_user" \
            --init-groups --inh-caps=-all --no-new-privs -- \
            env HOME="${dir:-/nonexistent}" USER="$service_user" "$@"
    fi
    exec "$@"
}

as_user() {
    (exec_as_user "$@")
}

# logged NAME COMMAND...: what it says goes to DIR/log/NAME, which the service
# user opens: root writes nothing into a directory that is another's.
logged() {
    local name=$1
    shift
    as_user sh -c 'exec >>"$0" 2>&1; exec "$@"' "$log/$name" "$@"
}

# Runs a command as the owner of the tree, so that root leaves no files there
# that their owner cannot remove.
as_owner() {
    local owner
    owner=$(stat -c %U "$top")
    if is_root && [ "$owner" != root ] && [ "$owner" != UNKNOWN ]; then
        runuser -u "$owner" -- "$@"
    else
        "$@"
    fi
}

# npm_ci DIR: its modules as the lock file says; why not, where it fails.
npm_ci() {
    local said
    said=$(as_owner npm ci --prefix "$1" --no-audit --no-fund \
        --loglevel=error 2>&1) ||
        fail "npm ci failed in $1:" "$(head -n 15 <<<"$said")"
}
