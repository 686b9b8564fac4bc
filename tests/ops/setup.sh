# setup.sh - make install and sparklectl setup for real, on a copy of this
# machine: /etc, /usr and /var are overlays, /run and the network are its own,
# and all of it is gone with the last process.  Needs root.

setup_said=$work/setup

# inside NAME COMMAND...: what it says into $setup_said/NAME, its end last.
inside() {
    local name=$1
    shift
    "$@" >"$setup_said/$name" 2>&1
    echo "status $?" >>"$setup_said/$name"
}

said() {
    cat "$setup_said/$1"
}

copy_make() {
    local part
    mkdir "$work/copy" && mount -t tmpfs copy "$work/copy"
    for part in etc usr var; do
        mkdir -p "$work/copy/$part.new" "$work/copy/$part.work"
        mount -t overlay copy -o "lowerdir=/$part,upperdir=$work/copy/$part.new" \
            -o "workdir=$work/copy/$part.work" "/$part" || return
    done
    mount -t tmpfs run /run && ip link set lo up
    ! getent passwd sparkle >/dev/null || userdel sparkle
    install -d -o postgres -g postgres /run/postgresql
    [ -n "$(pg_lsclusters -h)" ] || pg_createcluster 15 main
}

servers_start() {
    pg_ctlcluster 15 main start
    redis-server --daemonize yes --save '' --dir "$work/copy" >/dev/null
}

as_sparkle() {
    runuser -u sparkle -- "$@"
}

site_get() {
    curl -sk --max-time 10 --resolve example.org:443:127.0.0.1 \
        -o /dev/null -w '%{http_code}\n' "https://example.org$1"
}

# A certificate of three days and a sender without DMARC; then a world in
# which nobody knows the name.
doctor_doubts() {
    local tls=/etc/sparkle/tls resolver
    echo 'nameserver 127.0.0.1' >/etc/resolv.conf
    python3 "$ops/dns.py" 'example.org=v=spf1 mx -all' &
    resolver=$!
    printf '[mail]\ntransport = relay:127.0.0.1\n' >/etc/sparkle/conf.d/mail.conf
    openssl req -x509 -key "$tls/site.key" -days 3 -subj /CN=example.org \
        -out "$tls/site.crt"
    for _ in $(seq 50); do
        ss -Hlun 'sport = :53' | grep -q . && break
        sleep 0.1
    done
    sparklectl doctor
    kill "$resolver"
    echo '==== nobody answers'
    sparklectl doctor
}

as_postgres() {
    runuser -u postgres -- "$@"
}

# As sparkle(7) says it: what came after the backup is gone, the rest is back.
backup_restore() {
    as_postgres pg_dump -Fc sparkle >"$work/copy/sparkle.dump" || return
    sparklectl user create late late@example.org <<<'Correct-horse-42-battery!'
    as_postgres dropdb --force sparkle
    as_postgres pg_restore --create -d postgres \
        <"$work/copy/sparkle.dump" || return
    sparklectl user list | sed 's/^/user: /'
    as_sparkle sparkle-fcgi --test-config
}

# In the namespaces.
setup_inside() {
    inside copy copy_make
    inside install make -s -C "$SPARKLE_BUILD" install
    inside servers servers_start
    inside help sparklectl setup --help
    inside before sparklectl setup --domain example.org --dry-run
    inside first sparklectl setup --domain example.org --yes --no-start
    inside second sparklectl setup --domain example.org --yes --no-start
    inside after sparklectl setup --domain example.org --dry-run
    inside units systemd-analyze verify /usr/lib/systemd/system/sparkle* \
        /lib/systemd/system/sparkle*
    inside config as_sparkle sparkle-fcgi --test-config
    as_sparkle sparkle-fcgi >"$setup_said/fcgi" 2>&1 &
    as_sparkle sparkle-jobs >"$setup_said/jobs" 2>&1 &
    nginx
    for _ in $(seq 100); do
        [ "$(site_get /health/ready)" = 200 ] && break
        sleep 0.2
    done
    inside home site_get /
    inside ready site_get /health/ready
    inside admin sparklectl user create admin you@example.org --role ADMIN \
        <<<'Correct-horse-42-battery!'
    inside doctor sparklectl doctor
    inside doubts doctor_doubts
    for _ in $(jobs -p); do kill "$_"; done
    wait
    inside restore backup_restore
    batches_life
    domain_life
    end_life
}

setup_checks() {
    # Redis keeps the real time under --at, which the doctor sees.
    local broken=$((${FAKETIME:+1} + 0))
    mkdir "$setup_said"
    if [ "$(id -u)" != 0 ] || ! unshare -m -n -p -f true 2>/dev/null; then
        echo "skip  sparklectl setup: needs root and namespaces"
        return 0
    fi
    export -f inside copy_make servers_start as_sparkle site_get doctor_doubts
    export -f as_postgres backup_restore setup_inside
    export -f systemd_pretend systemd_forget batches_by batches_life names_told
    export -f domain_life edited remains uninstall end_life
    export work setup_said SPARKLE_BUILD ops=$top/tests/ops
    timeout 400 unshare -m -n -p -f --kill-child --mount-proc \
        bash -c setup_inside </dev/null >"$work/setup.log" 2>&1
    if ! has 'status 0' "$(said copy)" >/dev/null; then
        echo "skip  sparklectl setup: $(said copy | head -n 1)"
        return 0
    fi
    check "setup --help tells its options" has 'dry-run' "$(said help)"
    check "setup --help tells of nothing else" has_not 'migrate' "$(said help)"
    check "setup --dry-run makes nothing" has_not ' there: ' "$(said before)"
    check "setup makes a site" has 'example.org/ is set up' "$(said first)"
    check "setup again changes nothing" has_not ' made$|written$' "$(said second)"
    check "setup again comes to its end" has 'status 0' "$(said second)"
    check "setup --dry-run sees what is there" \
        same "to do: sparkle.target to do: by cron" \
        "$(said after | grep -o 'to do.*' | xargs)"
    check "systemd finds no fault in the units" same "status 0" "$(said units)"
    check "the user sparkle may read the configuration" \
        has 'status 0' "$(said config)"
    check "the site answers" same "200 status 0" "$(said home | xargs)"
    check "the site is ready" same "200 status 0" "$(said ready | xargs)"
    check "an administrator is made" has 'admin: made' "$(said admin)"
    check "the doctor finds nothing broken" has " $broken broken" \
        "$(said doctor)"
    check "a restored backup has its users" \
        has '^user: .*you@example.org' "$(said restore)"
    check "a restored backup has no later ones" \
        has_not '^user: .*late' "$(said restore)"
    check "the programs take a restored database" \
        has '^status 0' "$(said restore)"
    check "the doctor reads the certificate" \
        has '^ok +certificate .*good for 36[45] days' "$(said doctor)"
    check "the doctor sees that it ends soon" \
        has '^look +certificate .*good for [23] days' "$(said doubts)"
    check "the doctor asks for the name" \
        has '^ok +site name +example.org is known' "$(said doubts)"
    check "the doctor reads SPF" has '^ok +SPF +v=spf1 mx -all' "$(said doubts)"
    check "the doctor misses DMARC" \
        has '^look +DMARC +_dmarc.example.org has no v=DMARC1' "$(said doubts)"
    check "the doctor says that nobody knows the name" \
        has '^look +site name' "$(said doubts | sed '1,/^====/d')"
    life_checks
}
