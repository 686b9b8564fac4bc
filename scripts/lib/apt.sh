#!/bin/bash
# apt.sh - installs packages as root without starting the services that come
# with them: an instance of scripts/run has a PostgreSQL, a Redis and an nginx
# of its own, and the system's would only take memory and ports.
#
# usage: apt.sh PACKAGE...
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
services="nginx postgresql redis-server"

# Services that were there before are their owner's business.
before=
for service in $services; do
    ! dpkg-query -W -f '${db:Status-Abbrev}' "${service/nginx/nginx-common}" \
        2>/dev/null | grep -q ^ii || before="$before $service "
done

if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

get() {
    apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}
get install --no-install-recommends "$@" || {
    get update
    get install --no-install-recommends "$@"
}

if [ -d /run/systemd/system ]; then
    for service in $services; do
        [[ $before = *" $service "* ]] ||
            systemctl disable --quiet "$service" 2>/dev/null || true
    done
fi
