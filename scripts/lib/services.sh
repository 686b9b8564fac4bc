# services.sh - starts and stops the processes of an instance.
#
# A process is ours only if a pid file of ours names it AND its command line
# names our directory: nothing else is ever sent a signal.

pg_bin=/usr/lib/postgresql/15/bin

# pid_look FILE NAME: the process that the pid file names, if it is the one of
# that program of this instance.
pid_look() {
    local pid= words=()
    { IFS= read -r pid <"$1"; } 2>/dev/null || true
    [[ $pid =~ ^[0-9]+$ ]] || return 1
    mapfile -d '' -t words 2>/dev/null <"/proc/$pid/cmdline" || return 1
    [[ "${words[*]-}" = *"$2"* && "${words[*]-} " = *"$dir"[/\ ]* ]] || return 1
    echo "$pid"
}

# pid_of FILE NAME: the same; a file whose process is gone, or is somebody
# else's by now, is removed.
pid_of() {
    [ -e "$1" ] || return 1
    pid_look "$@" && return 0
    warn "removing a stale pid file (its process is gone): $1"
    as_user rm -f "$1"
    return 1
}

alive() {
    [ -d "/proc/$1" ] && [[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) != Z* ]]
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    local end=$(($(now_ms) + $1 * 1000))
    shift
    until "$@"; do
        [ "$(now_ms)" -lt "$end" ] || return 1
        sleep 0.05
    done
}

gone() {
    ! alive "$1"
}

# stop_process LABEL PIDFILE NAME SIGNAL SECONDS HARDER: asks, waits, insists.
stop_process() {
    local label=$1 file=$2 name=$3 signal=$4 seconds=$5 harder=$6 pid
    pid=$(pid_of "$file" "$name") || return 0
    step "$label"
    as_user kill -s "$signal" "$pid" 2>/dev/null || true
    if wait_for "$seconds" gone "$pid"; then
        step_end stopped
        return 0
    fi
    as_user kill -s "$harder" "$pid" 2>/dev/null || true
    wait_for 10 gone "$pid" || fail "process $pid ($label) does not stop"
    step_end "stopped (it took SIG$harder)"
}

# ---- PostgreSQL -------------------------------------------------------------

postgres_pid_file() {
    echo "$dir/postgres/postmaster.pid"
}

postgres_create() {
    local owner
    owner=$(runs_as)
    logged initdb.log "$pg_bin/initdb" --pgdata "$dir/postgres" --username postgres \
        --encoding UTF8 --locale C.UTF-8 --data-checksums --no-sync \
        --auth-local peer --auth-host reject ||
        fail "initdb failed:" "$(tail -n 5 "$log/initdb.log")"
    as_user tee "$dir/postgres/pg_hba.conf" >/dev/null <<END
local all postgres peer map=operator
local all all scram-sha-256
END
    printf 'operator %s postgres\noperator root postgres\n' "$owner" |
        as_user tee "$dir/postgres/pg_ident.conf" >/dev/null
    # Relative: who copies a directory copies a whole instance.
    echo "include '../etc/postgresql.conf'" |
        as_user tee -a "$dir/postgres/postgresql.conf" >/dev/null
    as_user touch "$dir/postgres/complete"
}

# psql as the superuser, who has no password and comes from this user only.
psql_super() {
    as_user psql -X -q -v ON_ERROR_STOP=1 -h "$run" -U postgres "$@"
}

postgres_roles() {
    psql_super -d postgres -f "$app/sql/roles.sql" >/dev/null
    {
        printf '%s' "\\set app '" && as_user cat "$dir/secrets/database_password"
        printf "'\n%s" "\\set owner '" && as_user cat "$dir/secrets/owner_password"
        printf "'\n"
        echo "ALTER ROLE sparkle_app PASSWORD :'app';"
        echo "ALTER ROLE sparkle_owner PASSWORD :'owner';"
        echo "CREATE DATABASE sparkle OWNER sparkle_owner;"
    } | psql_super -d postgres
}

postgres_start() {
    pid_of "$(postgres_pid_file)" postgres >/dev/null && return 0
    as_user test -e "$dir/postgres/complete" || {
        as_user rm -rf "$dir/postgres" # begun, and broken off
        postgres_create
    }
    as_user "$pg_bin/pg_ctl" start -s -w -t 60 -D "$dir/postgres" \
        -l "$log/postgres.log" >/dev/null 2>&1 ||
        fail "PostgreSQL does not start:" "$(tail -n 5 "$log/postgres.log")"
    [ -n "$(psql_super -d postgres -At -c \
        "SELECT 1 FROM pg_database WHERE datname = 'sparkle'")" ] ||
        postgres_roles
}

postgres_stop() {
    stop_process postgresql "$(postgres_pid_file)" postgres INT 20 QUIT
}

# ---- Redis ------------------------------------------------------------------

redis_start() {
    pid_of "$run/redis.pid" redis-server >/dev/null && return 0
    logged redis.log redis-server "$dir/etc/redis.conf" &&
        wait_for 5 as_user redis-cli -s "$run/redis.sock" ping \
            >/dev/null 2>&1 ||
        fail "Redis does not start:" "$(tail -n 5 "$log/redis.log")"
}

redis_stop() {
    stop_process redis "$run/redis.pid" redis-server TERM 10 KILL
}

# ---- Our own programs -------------------------------------------------------

# program_start NAME PIDFILE: as a session of its own, so that Ctrl-C in the
# terminal reaches this script only, which stops things in their order.
program_start() {
    local name=$1 file=$2 out=$log/$1.log pid
    pid_of "$file" "$name" >/dev/null && return 0
    (exec_as_user sh -c 'exec setsid "$1/$2" --config "$3" >>"$4" 2>&1 \
        </dev/null' - "$programs" "$name" "$conf" "$out") &
    pid=$!
    disown "$pid"
    wait_for 20 program_up "$file" "$name" "$pid" && alive "$pid" ||
        fail "$name does not start:" "$(tail -n 5 "$out")" \
            "the whole of it: $out"
}

# Its pid file is there, or it ended already.
program_up() {
    ! alive "$3" || pid_look "$1" "$2" >/dev/null
}

fcgi_start() {
    program_start sparkle-fcgi "$run/sparkle-fcgi.pid"
}

fcgi_stop() {
    stop_process sparkle-fcgi "$run/sparkle-fcgi.pid" sparkle-fcgi TERM 35 KILL
}

jobs_start() {
    program_start sparkle-jobs "$run/sparkle-jobs.pid"
}

jobs_stop() {
    stop_process sparkle-jobs "$run/sparkle-jobs.pid" sparkle-jobs TERM 35 KILL
}

# ---- nginx ------------------------------------------------------------------

# By its name: tests put one before it that keeps the real time.
nginx_command() {
    PATH=$PATH:/usr/sbin as_user nginx -p "$dir" -e "$log/error.log" \
        -c "$dir/etc/nginx/nginx.conf" "$@"
}

nginx_start() {
    local said
    pid_of "$run/nginx.pid" nginx >/dev/null && return 0
    said=$(nginx_command -t -q 2>&1) ||
        fail "nginx's configuration is wrong:" "$said"
    port_must_be_free "$https_port" --port
    port_must_be_free "$http_port" --http-port
    said=$(nginx_command 2>&1) || fail "nginx does not start:" "$said"
}

nginx_stop() {
    stop_process nginx "$run/nginx.pid" nginx QUIT 3 TERM
}

# port_must_be_free PORT OPTION
port_must_be_free() {
    local who
    who=$(ss -Hltnp "sport = :$1" 2>/dev/null | head -n 1)
    [ -n "$who" ] || return 0
    who=$(sed -n 's/.*users:((\("[^"]*"\),pid=\([0-9]*\).*/\1, process \2/p' \
        <<<"$who")
    fail "port $1 is in use${who:+ (by $who)}" "Choose another one: $2 N"
}
