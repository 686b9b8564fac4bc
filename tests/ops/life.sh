# life.sh - a site that was set up: another name, cron and timers, edited files,
# and its end; parts of setup.sh, in the same copy of the machine.

# A systemctl that writes down what it is told, where systemd seems to run; only
# what "enabled" has is enabled.
systemd_pretend() {
    mkdir -p /run/systemd/system /usr/local/bin
    cat >/usr/local/bin/systemctl <<END
#!/bin/sh
echo "\$*" >>"$work/copy/systemctl"
case "\$*" in
*is-enabled*) test -e "$work/copy/enabled" ;;
"enable "*sparkle-batch.target) touch "$work/copy/enabled" ;;
"disable "*sparkle-batch.target) rm -f "$work/copy/enabled" ;;
esac
END
    chmod 755 /usr/local/bin/systemctl
    hash -r
}

systemd_forget() {
    rm -rf /run/systemd /usr/local/bin/systemctl
    hash -r
}

# What starts the batch programs now.
batches_by() {
    [ ! -e /etc/cron.d/sparkle ] || echo "by cron"
    [ ! -e "$work/copy/enabled" ] || echo "by timers"
    true
}

batches_life() {
    inside cron sparklectl setup --yes
    inside cron_by batches_by
    inside no_timers sparklectl setup --yes --timers
    systemd_pretend
    inside timers sparklectl setup --yes
    inside timers_by batches_by
    inside chosen sparklectl setup --yes --cron
    inside chosen_by batches_by
    inside kept sparklectl setup --yes
    inside kept_by batches_by
    inside back sparklectl setup --yes --timers
    inside back_by batches_by
    systemd_forget
    rm -f "$work/copy/enabled"
}

# Everything that tells a name.
names_told() {
    sparklectl config dump | grep -E '^(url|mail_from) = '
    nginx -T 2>/dev/null | grep -E 'server_name |return 301|hsts|max-age='
    openssl x509 -noout -subject -in /etc/sparkle/tls/site.crt
}

domain_life() {
    sed -i 's/^server_names=.*/server_names=example.org www.example.org/' \
        /etc/sparkle/nginx/values
    echo '# edited by hand' >>/etc/sparkle/nginx/snippets/gzip.conf
    inside names sparklectl setup --yes --no-start
    inside names_told names_told
    inside domain sparklectl setup --domain new.example --yes --no-start \
        --hsts-subdomains
    inside domain_told names_told
    inside domain_dry sparklectl setup --domain third.example --dry-run
    printf '[site]\nurl = https://new.example\n' >/etc/sparkle/conf.d/url.conf
    inside domain_conf sparklectl setup --domain third.example --yes --no-start
    rm /etc/sparkle/conf.d/url.conf
    inside domain_back sparklectl setup --domain new.example --yes --no-start
}

edited() {
    grep -l 'edited by hand' /etc/sparkle/nginx/snippets/gzip.conf \
        /etc/logrotate.d/sparkle
    cat /etc/sparkle/nginx/snippets/gzip.conf.dpkg-dist
}

remains() {
    getent passwd sparkle
    ls -d /etc/sparkle /var/lib/sparkle /var/log/sparkle /etc/cron.d/sparkle \
        /etc/nginx/sites-*/sparkle 2>/dev/null
    runuser -u postgres -- psql -XAtd postgres -c \
        "SELECT 'database' FROM pg_database WHERE datname = 'sparkle'
        UNION ALL SELECT rolname FROM pg_roles WHERE rolname ~ 'sparkle'"
}

uninstall() {
    make -s -C "$SPARKLE_BUILD" uninstall
}

end_life() {
    mkdir -p /etc/letsencrypt /etc/cron.d
    echo '# edited by hand' >>/etc/logrotate.d/sparkle
    inside again make -s -C "$SPARKLE_BUILD" install
    inside hook sparklectl setup --yes
    inside hook_there ls -l /etc/letsencrypt/renewal-hooks/deploy
    inside refused uninstall
    inside refused_nginx nginx -t
    inside remove_dry sparklectl setup --remove --dry-run
    inside remove sparklectl setup --remove
    inside remove_again sparklectl setup --remove
    inside removed remains
    inside hook_gone ls /etc/letsencrypt/renewal-hooks/deploy
    inside uninstall uninstall
    inside uninstall_nginx nginx -t
    inside edited edited
    inside program ls /usr/bin/sparklectl
    make -s -C "$SPARKLE_BUILD" install >/dev/null 2>&1
    inside purge_asks sparklectl setup --remove --purge
    inside purge sparklectl setup --remove --purge --yes
    inside purged remains
}

life_checks() {
    check "where systemd does not run, cron starts the batch programs" \
        same "by cron status 0" "$(said cron_by | xargs)"
    check "and --timers is refused there" has 'systemd does not run here' \
        "$(said no_timers)"
    check "where systemd runs, timers do, and cron does not" \
        same "by timers status 0" "$(said timers_by | xargs)"
    check "--cron takes cron, and ends the timers" \
        same "by cron status 0" "$(said chosen_by | xargs)"
    check "which is kept" same "by cron status 0" "$(said kept_by | xargs)"
    check "until --timers" same "by timers status 0" \
        "$(said back_by | xargs)"

    check "setup again keeps further names" \
        has 'server_name example.org www.example.org;' "$(said names_told)"
    check "HSTS says nothing of other names by itself" \
        has_not 'includeSubDomains' "$(said names_told)"
    check "--hsts-subdomains does" has 'max-age=63072000; includeSubDomains"' \
        "$(said domain_told)"
    check "a new name is everywhere" same "6 0" \
        "$(said domain_told | grep -c 'new\.example') $(
            said domain_told | grep -c 'example\.org')"
    check "and told of" has 'example.org became new.example' "$(said domain)"
    check "www goes with it" has 'server_name new.example www.new.example;' \
        "$(said domain_told)"
    check "--dry-run tells of a new name" \
        has 'to do: new.example becomes third.example' "$(said domain_dry)"
    check "a name in conf.d is not passed over" \
        has 'url is still that of new.example' "$(said domain_conf)"

    check "certbot's hook is there" has 'rwxr-xr-x.* sparkle$' \
        "$(said hook_there)"
    check "make uninstall of a site in use is refused" \
        has 'sparklectl setup --remove' "$(said refused)"
    check "and breaks nothing of nginx" has 'status 0' "$(said refused_nginx)"
    check "setup --remove --dry-run tells" has 'would go: .*sites-enabled' \
        "$(said remove_dry)"
    check "setup --remove takes the site out" has 'removed: .*sites-enabled' \
        "$(said remove)"
    check "and ends what runs" has '^programs +removed: ' "$(said remove)"
    check "and may be called again" has 'status 0' "$(said remove_again)"
    check "nothing in nginx and cron names it" has_not 'nginx|cron' \
        "$(said removed)"
    check "what people wrote is still there" same 6 \
        "$(said removed | grep -cE '^(sparkle|/etc/sparkle$|/var/lib/|database)')"
    check "certbot's hook is gone" has_not '^sparkle' "$(said hook_gone)"
    check "then make uninstall goes" has 'status 0' "$(said uninstall)"
    check "nginx still takes its configuration" has 'status 0' \
        "$(said uninstall_nginx)"
    check "edited files stay, and say so" same 2 \
        "$(said uninstall | grep -cE '(gzip.conf|logrotate.d/sparkle) was edited')"
    check "as they were" same 2 "$(said edited | grep -c '^/etc')"
    check "the programs are gone" has 'status 2' "$(said program)"
    check "a purge is asked for twice" has 'add --yes' "$(said purge_asks)"
    check "a purge leaves nothing" same "status 0" "$(said purged)"
}
