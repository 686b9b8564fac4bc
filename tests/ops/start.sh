# start.sh - scripts/run and scripts/stop, as a person uses them.

port_one=$((20000 + RANDOM % 5000 * 2))
port_two=$((port_one + 11000))

start() {
    "$top/scripts/run" --dir "$work/$1" --build-dir "$SPARKLE_BUILD" \
        --no-build --detach --no-demo "${@:2}" 2>&1
}

stop() {
    "$top/scripts/stop" --dir "$work/$1" 2>&1
}

# What the first start makes and no other one makes again: files as they were
# made, and the database cluster by its own number.
made() {
    md5sum "$work/$1"/secrets/* "$work/$1"/tls/*
    stat -c '%n %i %Y' "$work/$1/postgres/PG_VERSION" "$work/$1/log/initdb.log"
    grep -c "^[0-9][0-9]*-" "$work/$1/log/migrate.log"
}

get() {
    curl -sk --max-time 10 "$@"
}

# Processes whose command line or title names a directory.
processes_of() {
    local all
    all=$(ps -eo user=,pid=,args=)
    grep -F "$work/$1" <<<"$all" | grep -vE '(grep|scripts/(run|stop)|ps -eo)' || true
}

# In a session of its own with SIGINT as in a terminal, then Ctrl-C.
ctrl_c() {
    local pid
    env --default-signal=INT setsid "$top/scripts/run" --dir "$work/one" \
        --build-dir "$SPARKLE_BUILD" --no-build --no-demo >"$work/fore" 2>&1 &
    pid=$!
    for _ in $(seq 200); do
        ! grep -q 'Ctrl-C stops it' "$work/fore" || break
        sleep 0.1
    done
    sleep 0.5
    kill -INT -- "-$pid"
    wait "$pid"
}

start_checks() {
    local said before
    start one --port "$port_one" --http-port $((port_one + 1)) \
        --trust 127.0.0.1 >"$work/said" || cat "$work/said"
    check "the site answers" same 200 \
        "$(get -o /dev/null -w '%{http_code}' "https://localhost:$port_one/")"
    check "http leads to https" has "^location: https://localhost:$port_one/x" \
        "$(get -D - -o /dev/null "http://localhost:$((port_one + 1))/x" |
            tr 'A-Z' 'a-z')"
    check "nothing runs as root" has_not '^root ' "$(processes_of one)"
    check "only unix sockets besides nginx's" empty \
        "$(ss -Hltnp 2>/dev/null | grep -F "pid=$(head -1 "$work/one/postgres/postmaster.pid")," || true)"
    check "secrets are the user's own" same 600 \
        "$(stat -c %a "$work/one/secrets/"* | sort -u)"
    said=$(start one)
    check "starting what runs is no fault" same 0 $?
    said=$(start one --port "$port_two")
    check "another port is refused while it runs" \
        has "running on the ports $port_one" "$said"
    check "and the site goes on" same 200 \
        "$(get -o /dev/null -w '%{http_code}' "https://localhost:$port_one/")"
    said=$("$top/scripts/run" --dir "$work/one" --no-build \
        --build-dir "$SPARKLE_BUILD" 2>&1)
    check "in the foreground it is" has 'running already' "$said"

    said=$(start two --port "$port_one")
    check "a port in use is said" has "port $port_one is in use" "$said"
    check "and leaves nothing running" empty "$(processes_of two)"
    said=$(start two --port "$port_two")
    check "two instances run side by side" same "200 200" \
        "$(get -o /dev/null -w '%{http_code} ' "https://localhost:$port_one/")$(
            get -o /dev/null -w '%{http_code}' "https://localhost:$port_two/")"
    stop two >/dev/null
    check "stopping one leaves nothing of it" empty "$(processes_of two)"
    check "and the other one alone" same 200 \
        "$(get -o /dev/null -w '%{http_code}' "https://localhost:$port_one/")"

    stop one >/dev/null
    before=$(made one)
    sleep 300 &
    echo $! >"$work/one/run/nginx.pid"
    start one >"$work/said" || cat "$work/said"
    check "a stale pid file is said" has 'stale pid file.*nginx.pid' \
        "$(cat "$work/said")"
    check "the second start makes no cluster, secret or certificate again" \
        same "$before" "$(made one)"
    stop one >/dev/null
    check "another's process is left alone" kill $!
    check "ports are remembered" grep -q "https_port=$port_one" "$work/one/instance"

    ctrl_c
    check "Ctrl-C ends well" same 0 $?
    check "in the reverse order" same \
        "nginx sparkle-jobs sparkle-fcgi redis postgresql" \
        "$(awk '$NF == "stopped" || $2 == "stopped" { print $1 }' "$work/fore" | xargs)"
    check "and nothing is left" empty "$(processes_of one)"
}
