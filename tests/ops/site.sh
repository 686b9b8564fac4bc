# site.sh - what nginx does: headers, ids, errors while the pools are away.

headers_wanted='content-security-policy strict-transport-security
x-frame-options x-content-type-options referrer-policy permissions-policy
cross-origin-opener-policy x-request-id'

headers_of() {
    get -D - -o /dev/null "$@" | tr -d '\r' | tr 'A-Z' 'a-z'
}

# Each security header once, for every kind of answer.
headers_once() {
    local got name
    got=$(headers_of "$@")
    for name in $headers_wanted; do
        same 1 "$(grep -c "^$name: " <<<"$got")" >/dev/null || {
            printf '%s is not there once:\n%s\n' "$name" "$got"
            return 1
        }
    done
}

# The master first, or it would start new workers.
fcgi_kill() {
    kill -KILL "$(cat "$work/one/run/sparkle-fcgi.pid")"
    processes_of one | awk '/sparkle-fcgi/ { print $2 }' | xargs -r kill -KILL
    sleep 2.2 # older than a second, in nginx's clock of seconds
}

# KiB that the largest worker of the auth pool has for itself.
auth_memory() {
    local pid
    for pid in $(pgrep -P "$(cat "$work/one/run/sparkle-fcgi.pid")"); do
        grep -q 'pool auth' "/proc/$pid/cmdline" || continue
        awk '/^Private_Dirty/ { print $2 }' "/proc/$pid/smaps_rollup"
    done | sort -n | tail -1
}

log_in() {
    get -o /dev/null -w '%{http_code}' -H "Origin: $1" --json \
        '{"email": "nobody@example.org", "password": "Wrong-Pass-1!"}' \
        "$1/api/auth/login"
}

# AddressSanitizer has a memory of its own.
memory_checks() {
    [ -z "${SPARKLE_ASAN-}" ] || return 0
    check "logins are hashed" same "401 401 401 401" \
        "$(log_in "$1") $(log_in "$1") $(log_in "$1") $(log_in "$1")"
    check "and give back what a hash takes" at_most 12000 "$(auth_memory)"
}

# A copy lives for a second or two: on a busy machine some tries come late.
headers_of_copy() {
    local found
    for _ in 1 2 3 4 5; do
        get "$1" -o /dev/null
        found=$(headers_of "$1")
        [[ ! ${found,,} =~ x-cache:\ (hit|updating) ]] || break
    done
    echo "$found"
}

site_checks() {
    local url=https://localhost:$port_one id=0123456789abcdef0123456789abcdef css
    start one >"$work/said"
    css=$(sed -n 's/.*"css": "\(.*\)".*/\1/p' "$top/web/dist/manifest.json")

    for path in / /api/posts /api/nothing /nothing "$css" /assets/none.js \
        /robots.txt /status; do
        check "security headers on $path" headers_once "$url$path"
    done
    check "no unsafe-inline" has_not unsafe-inline "$(headers_of "$url/")"
    check "assets are immutable" has 'cache-control:.*immutable' \
        "$(headers_of "$url$css")"
    check "assets lie packed" has 'content-encoding: gzip' \
        "$(headers_of -H 'Accept-Encoding: gzip' "$url$css")"
    check "missing ones are not" has_not 'immutable' \
        "$(headers_of "$url/assets/none.js")"

    check "a trusted proxy's request id is kept" has "x-request-id: $id" \
        "$(headers_of -H "X-Request-Id: $id" "$url/")"
    check "another form of it is not" has_not 'x-request-id: evil' \
        "$(headers_of -H 'X-Request-Id: evil' "$url/")"
    check "from another it is not" has_not "x-request-id: $id" \
        "$(headers_of --interface 127.0.0.2 -H "X-Request-Id: $id" "$url/")"
    check "/status is for this host" same "200 403" \
        "$(get -o /dev/null -w '%{http_code} ' "$url/status")$(
            get -o /dev/null -w '%{http_code}' \
                -H 'X-Forwarded-For: 203.0.113.9' "$url/status")"
    check "/metrics has metrics" has '^sparkle_' "$(get "$url/metrics")"
    check "sparkle-jobs has them too" has '^sparkle_' "$(get "$url/metrics/jobs")"

    head -c 1100000 /dev/zero >"$work/large"
    memory_checks "$url"
    check "too large a body is a problem" has 'PAYLOAD_TOO_LARGE' \
        "$(get -X POST --data-binary "@$work/large" "$url/api/posts")"
    check "guests read from the micro-cache" has 'x-cache: (hit|updating)' \
        "$(headers_of_copy "$url/api/posts?limit=1")"
    check "a copy tells no rate limit" has_not 'x-ratelimit' \
        "$(headers_of_copy "$url/api/posts?limit=1")"
    check "who is signed in does not" has_not 'x-cache: hit' \
        "$(headers_of -H 'Cookie: __Host-session=sess_x' "$url/api/posts?limit=1")"

    get "$url/" -o /dev/null
    fcgi_kill
    check "pools away: an old copy where there is one" has 'x-cache: stale' \
        "$(headers_of "$url/")"
    check "pools away: a problem for programs" has \
        '"status":502.*"code":"SERVICE_UNAVAILABLE"' "$(get "$url/api/users/me")"
    check "with Retry-After" has '^retry-after: [0-9]' \
        "$(headers_of "$url/api/users/me")"
    check "pools away: a page for people, with the request's id" has \
        "Request <code>[0-9a-f]{32}" "$(get "$url/register?x")"
    check "a trusted proxy's id is that one" has "Request <code>$id" \
        "$(get -H "X-Request-Id: $id" "$url/register?z")"
    check "security headers there, too" headers_once "$url/register?y"
    check "starting again starts what is missing" start one
    check "and it serves" same 200 \
        "$(get -o /dev/null -w '%{http_code}' "$url/register")"
}
