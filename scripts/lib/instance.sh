# instance.sh - one instance is one directory: what lies where, its options,
# secrets and configuration files.
#
#   DIR/instance    its options, for the next start and for scripts/stop
#   DIR/etc         configuration, written anew at each start
#   DIR/secrets     made once, 0600
#   DIR/run         sockets and pid files
#   DIR/log  DIR/cache  DIR/mail (a Maildir)  DIR/blobs  DIR/exports  DIR/tls
#   DIR/postgres  DIR/redis

# The directory where none is given.  Below the tree, unless root calls and
# the service user cannot get there (/root is closed to all others).
instance_default_dir() {
    if is_root && ! user_reaches "$top"; then
        echo /var/lib/sparkle-dev
    else
        echo "$top/var"
    fi
}

# Can the service user come to a path, by the rights of all its parents?
user_reaches() {
    local path=$1
    while [ ! -e "$path" ]; do path=$(dirname "$path"); done
    as_user test -x "$path" 2>/dev/null
}

# Sets dir to an absolute path that sockets fit into (108 bytes).
instance_locate() {
    dir=$(realpath -m -- "${1:-$(instance_default_dir)}")
    [ "${#dir}" -le 80 ] ||
        fail "the path of the directory is too long for sockets: $dir" \
            "Choose one of at most 80 characters: --dir DIR"
    [[ $dir != *[!A-Za-z0-9/._+-]* ]] ||
        fail "the directory's path has odd characters: $dir"
    run=$dir/run
    log=$dir/log
    conf=$dir/etc/sparkle.conf
}

# Options that are not given are those of the last start.
instance_recall() {
    [ -f "$dir/instance" ] || return 0
    local name value
    while IFS='=' read -r name value; do
        case $name in
        tree | https_port | http_port | listen | host | trusted | programs)
            printf -v "last_$name" '%s' "$value"
            ;;
        esac
    done <"$dir/instance"
}

instance_remember() {
    as_user tee "$dir/instance" >/dev/null <<END
tree=$top
https_port=$https_port
http_port=$http_port
listen=$listen
host=$host
trusted=$trusted
programs=$programs
END
}

instance_make() {
    local part
    if [ ! -e "$dir" ]; then
        # The owner of the tree may remove what is in it; root's is sparkle's.
        mkdir -p "$dir" || fail "cannot make the directory $dir"
        ! is_root || chown "$service_user:" "$dir"
    fi
    user_reaches "$dir" ||
        fail "the user $service_user cannot enter $dir" \
            "Choose a directory that is open to others: --dir /srv/NAME"
    as_user test -w "$dir" ||
        fail "$dir belongs to $(stat -c %U "$dir"), and $(runs_as) cannot write there" \
            "Choose another one with --dir, or: chown -R $(runs_as) $dir"
    as_user chmod 0755 "$dir"
    for part in etc secrets run log cache mail blobs exports tls redis temp; do
        [ -d "$dir/$part" ] || as_user mkdir -m 0750 "$dir/$part"
    done
    as_user chmod 0700 "$dir/secrets"
}

# Removes everything of an instance; only of what is one.
instance_remove() {
    [ -e "$dir" ] || return 0
    if [ -z "$(ls -A "$dir")" ]; then return 0; fi
    [ -f "$dir/instance" ] ||
        fail "--fresh removes an instance, and $dir is none" \
            "(there is no file $dir/instance)"
    find "$dir" -mindepth 1 -maxdepth 1 -exec rm -rf -- {} +
}

# ---- Secrets ----------------------------------------------------------------

# secret_make NAME COMMAND...: the command's output, once and for all.
secret_make() {
    local file=$dir/secrets/$1
    shift
    as_user test -s "$file" ||
        "$@" | as_user sh -c 'umask 077 && cat >"$1.new" && mv "$1.new" "$1"' \
            - "$file"
}

random_hex() {
    od -An -vtx1 -N32 /dev/urandom | tr -d ' \n'
}

random_key() {
    printf 'k1:%s\n' "$(random_hex)"
}

secrets_make() {
    local name
    for name in pepper encryption_key signing_key; do
        secret_make "$name" random_key
    done
    for name in database_password owner_password vapid_key; do
        secret_make "$name" random_hex
    done
}

# A certificate for the host, this one and the loopback addresses.
certificate_make() {
    local crt=$dir/tls/site.crt
    # Two calls: where it is asked for the end, openssl looks at nothing else.
    as_user test -s "$crt" &&
        as_user openssl x509 -noout -checkend 604800 -in "$crt" >/dev/null 2>&1 &&
        as_user openssl x509 -noout -checkhost "$host" -in "$crt" 2>/dev/null |
        grep -q 'does match' && return 0
    as_user sh -c 'umask 077 && exec openssl req -x509 -newkey ec \
        -pkeyopt ec_paramgen_curve:P-256 -nodes -days 825 -subj "/CN=$2" \
        -addext "subjectAltName=DNS:$2,DNS:localhost,IP:127.0.0.1,IP:::1" \
        -addext "extendedKeyUsage=serverAuth" \
        -keyout "$1/tls/site.key" -out "$1/tls/site.crt"' - "$dir" "$host" \
        2>/dev/null || fail "openssl could not make a certificate for $host"
}

# ---- Configuration files ----------------------------------------------------

# render_to FILE TEMPLATE: with the values in DIR/etc/values.
render_to() {
    "$top/scripts/render" -v "$dir/etc/values" "$2" |
        as_user sh -c 'cat >"$1.new" && mv "$1.new" "$1"' - "$1"
}

# The shared memory of a private PostgreSQL: a sixteenth of the machine's,
# between 128 MB and 1 GB.
shared_mb() {
    awk '/^MemTotal/ { mb = int($2 / 1024 / 16)
        print (mb < 128 ? 128 : mb > 1024 ? 1024 : mb) }' /proc/meminfo
}

# Four a processor, between 8 and 32.
pool_workers() {
    local cpus
    cpus=$(nproc)
    echo $((cpus < 2 ? 8 : cpus > 8 ? 32 : cpus * 4))
}

# One more than hash at once (hash_concurrency), between 2 and 9: others wait
# in the socket's queue, where they cost nothing.
auth_workers() {
    local cpus
    cpus=$(nproc)
    echo $((cpus < 2 ? 2 : cpus > 16 ? 9 : cpus / 2 + 1))
}

values_print() {
    local https=$listen:$https_port http=$listen:$http_port shared
    shared=$(shared_mb)
    cat <<END
dir=$dir
run=$run
log=$log
cache=$dir/cache/nginx
temp=$dir/temp
site=$dir/etc/nginx/sparkle.conf
snippets=$dir/etc/nginx/snippets
web=$app/web
emails=$app/emails
sql=$app/sql
state=$dir
exports=$dir/exports
secrets=$dir/secrets
url=https://$host:$https_port
server_names=$host localhost
authority=$host:$https_port
http_listen=$http
https_listen=$https
certificate=$dir/tls/site.crt
certificate_key=$dir/tls/site.key
acme=$dir/temp
hsts=max-age=300
trusted=$trusted
workers=auto
production=no
mail_from=sparkle@$host
database_host=$run
redis_socket=$run/redis.sock
redis_host=
owner_password_file=$dir/secrets/owner_password
breached_passwords=$app/data/breached-passwords.filter
listen_mode=0600
pool_workers=$(pool_workers)
auth_workers=$(auth_workers)
shared_mb=$shared
cache_mb=$((shared * 4))
END
}

config_write() {
    local template name
    {
        grep -v '^#' "$top/nginx/values" | grep = # production's, unless below
        values_print
    } | as_user tee "$dir/etc/values" >/dev/null
    as_user mkdir -p "$dir/etc/nginx/snippets/local"
    render_to "$conf" "$top/install/sparkle.conf.in"
    render_to "$dir/etc/postgresql.conf" "$top/scripts/lib/postgresql.conf.in"
    render_to "$dir/etc/redis.conf" "$top/scripts/lib/redis.conf.in"
    for template in "$top"/nginx/*.in "$top"/nginx/snippets/*.in; do
        name=${template#"$top/nginx/"}
        render_to "$dir/etc/nginx/${name%.in}" "$template"
    done
}
