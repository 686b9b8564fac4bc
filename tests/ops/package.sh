# package.sh - what make install lays down: checked as the tools that will
# read it check it.

tree=$work/tree

tree_make() {
    make -s -C "$SPARKLE_BUILD" install DESTDIR="$tree" >"$work/install.log" 2>&1
}

# Units know only paths below /: root= makes systemd look into the tree.
units_are_tight() {
    local unit score
    for unit in sparkle-fcgi.service sparkle-jobs.service sparkle-batch@.service; do
        score=$(systemd-analyze security --offline=true --no-pager \
            "$tree$units/$unit" 2>/dev/null |
            sed -n 's/.*exposure level for [^:]*: \([0-9.]*\) .*/\1/p')
        at_most 1.5 "$score" || {
            echo "$unit"
            return 1
        }
    done
}

timers_are_valid() {
    local file when
    for file in "$tree$units"/sparkle-batch-*.timer; do
        when=$(sed -n 's/^OnCalendar=//p' "$file")
        systemd-analyze calendar "$when" >/dev/null || return 1
    done
}

batches_listed() {
    "$SPARKLE_BUILD/sparklectl" describe batches | awk '{ print $1 }' | sort
}

pages_are_clean() {
    local page said
    for page in "$tree"/usr/share/man/man?/spark*; do
        # Other packages' pages are not on every machine.
        said=$(mandoc -Tlint -W warning "$page" 2>&1 |
            grep -v 'outdated mandoc.db' || true)
        empty "$said" || return 1
    done
}

settings_without_page() {
    local key
    sed -n 's/^#\{0,1\} \{0,1\}\([a-z_]*\) =.*/\1/p' \
        "$tree/etc/sparkle/sparkle.conf.sample" | sort -u |
        while read -r key; do
            grep -q "^\.It Ic ${key%_file}" \
                "$tree/usr/share/man/man5/sparkle.conf.5" || echo "$key"
        done
}

# The production site, moved below a directory of ours.
nginx_takes_site() {
    local at=$work/nginx
    mkdir -p "$at/log" "$at/cache" "$at/temp"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -days 2 -subj /CN=example.org -keyout "$at/key" -out "$at/crt" \
        2>/dev/null
    cp -R "$tree/etc/sparkle/nginx" "$at/etc"
    sed -i -e "s|/etc/sparkle/nginx|$at/etc|g; s|/etc/letsencrypt[^;]*fullchain.pem|$at/crt|" \
        -e "s|/etc/letsencrypt[^;]*privkey.pem|$at/key|" \
        -e "s|/var/log/nginx|$at/log|; s|/var/cache/nginx/sparkle|$at/cache|" \
        -e 's|listen 80;|listen 127.0.0.1:58080;|; /listen \[/d' \
        -e 's|listen 443 |listen 127.0.0.1:58443 |' \
        "$at"/etc/*.conf "$at"/etc/snippets/*.conf
    "$top/scripts/render" run="$at" log="$at/log" temp="$at/temp" workers=1 \
        site="$at/etc/sparkle.conf" "$top/nginx/nginx.conf.in" >"$at/nginx.conf"
    /usr/sbin/nginx -t -q -p "$at" -e "$at/log/error.log" -c "$at/nginx.conf"
}

# Under a version of bash that people have: completion by the program's help.
completes() {
    PATH=$tree/usr/bin:$PATH bash -c '
        . "$1/usr/share/bash-completion/completions/sparklectl"
        COMP_WORDS=(sparklectl describe "") COMP_CWORD=2
        _sparklectl
        echo "${COMPREPLY[*]}"' - "$tree"
}

wrong_paths() {
    grep -rIl --exclude-dir=bin -e "$work" -e "$SPARKLE_BUILD" "$tree" || true
}

half_filled() {
    grep -rInE '@[a-z_]+@' "$tree/etc" "$tree$units" "$tree/usr/lib" \
        "$tree/usr/libexec/sparkle/setup" || true
}

# npm's own words, where modules cannot be installed.
npm_fails() {
    mkdir -p "$work/npm"
    echo '{"name": "x", "dependencies": {"y": "1"}}' >"$work/npm/package.json"
    (
        . "$top/scripts/lib/common.sh"
        npm_ci "$work/npm" 2>&1
    )
}

package_checks() {
    local file
    check "make install fills a tree" tree_make
    units=$(cd "$tree" && find . -name sparkle-fcgi.service -printf '/%h\n' |
        sed 's|/\./|/|')
    for file in usr/bin/sparkle-fcgi usr/bin/sparkle-jobs usr/bin/sparkle-batch \
        usr/bin/sparklectl usr/libexec/sparkle/setup usr/libexec/sparkle/render \
        usr/share/sparkle/sql/roles.sql usr/share/sparkle/web/pages/layout.html \
        usr/share/sparkle/web/dist/manifest.json \
        usr/share/sparkle/install/sparkle.cron \
        etc/logrotate.d/sparkle etc/sparkle/nginx/sparkle.conf \
        usr/lib/sysusers.d/sparkle.conf usr/lib/tmpfiles.d/sparkle.conf \
        usr/share/sparkle/prometheus/sparkle.rules.yml \
        usr/share/doc/sparkle/UPGRADING usr/share/doc/sparkle/LICENSE; do
        check "there is $file" test -s "$tree/$file"
    done
    check "no file names the build's places" empty "$(wrong_paths)"
    check "npm ci that fails says why" has 'package-lock.json' "$(npm_fails)"
    check "the log directory stays the group adm's" empty \
        "$(grep -l '^LogsDirectory' "$tree$units"/sparkle* || true)"
    check "batch programs that never ran are missed, too" \
        has 'or absent\(sparkle_batch_last_success' \
        "$(cat "$tree/usr/share/sparkle/prometheus/sparkle.rules.yml")"
    check "no placeholder is left" empty "$(half_filled)"
    check "systemd-analyze security gives 1.5 or less" units_are_tight
    check "systemd understands the timers" timers_are_valid
    check "each batch program has a timer" same "$(batches_listed)" \
        "$(cd "$tree$units" && ls sparkle-batch-*.timer |
            sed 's/sparkle-batch-//; s/\.timer//' | sort)"
    check "each batch program has a line for cron" same "$(batches_listed)" \
        "$(awk '$7 ~ /sparkle-batch$/ { print $NF }' "$tree/usr/share/sparkle/install/sparkle.cron" | sort)"
    check "cron's file says which programs repair" same 3 \
        "$(grep -cE '^# (counter-audit|trending-decay|ledger-audit) ' \
            "$tree/usr/share/sparkle/install/sparkle.cron")"
    check "make install starts no batch program by cron" \
        test ! -e "$tree/etc/cron.d"
    check "manual pages are clean" pages_are_clean
    check "sparkle.conf(5) has every setting of the sample" \
        empty "$(settings_without_page)"
    check "nginx takes the production site" nginx_takes_site
    check "bash completes commands" has 'routes' "$(completes)"
    check "setup is a script that bash reads" \
        bash -n "$tree/usr/libexec/sparkle/setup"
    check "logrotate reads its file" \
        sh -c 'sed "s/^    create.*//" "$1" >"$2" && PATH=$PATH:/usr/sbin logrotate -d -s /dev/null "$2"' \
        - "$tree/etc/logrotate.d/sparkle" "$work/logrotate"
}
