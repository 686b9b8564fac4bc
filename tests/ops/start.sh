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

seconds_of() {
    local began=${EPOCHREALTIME/[.,]/}
    "$@" >"$work/said" || {
        cat "$work/said"
        return 1
    }
    echo $(((${EPOCHREALTIME/[.,]/} - began) / 1000000))
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
    local took said secret
    took=$(seconds_of start one --port "$port_one" --http-port $((port_one + 1)) \
        --trust 127.0.0.1)
    check "the first start takes less than 60 s" at_most 60 "$took"
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
    secret=$(md5sum "$work"/one/secrets/*)
    sleep 300 &
    echo $! >"$work/one/run/nginx.pid"
    took=$(seconds_of start one)
    check "a stale pid file is said" has 'stale pid file.*nginx.pid' \
        "$(cat "$work/said")"
    # Half a second on a quiet machine: the better of two where one is not.
    if [ "$took" -gt 5 ]; then
        stop one >/dev/null
        took=$(seconds_of start one)
    fi
    check "the second start takes less than 5 s" at_most 5 "$took"
    stop one >/dev/null
    check "another's process is left alone" kill $!
    check "secrets are made once" same "$secret" "$(md5sum "$work"/one/secrets/*)"
    check "ports are remembered" grep -q "https_port=$port_one" "$work/one/instance"

    ctrl_c
    check "Ctrl-C ends well" same 0 $?
    check "in the reverse order" same \
        "nginx sparkle-jobs sparkle-fcgi redis postgresql" \
        "$(awk '$NF == "stopped" || $2 == "stopped" { print $1 }' "$work/fore" | xargs)"
    check "and nothing is left" empty "$(processes_of one)"
}
