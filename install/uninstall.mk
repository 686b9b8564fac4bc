# uninstall.mk - `make uninstall` of a site that is set up would take away what
# nginx, systemd and cron still name: refused before anything is removed.
uninstall_in_use := $(if $(filter uninstall,$(MAKECMDGOALS)),$(shell \
	cd "$(DESTDIR)$(sysconfdir)" 2>/dev/null && ls -d \
	nginx/sites-enabled/sparkle cron.d/sparkle \
	systemd/system/multi-user.target.wants/sparkle.target 2>/dev/null))
$(if $(strip $(uninstall_in_use)),$(error This site is set up \
	($(uninstall_in_use) below $(DESTDIR)$(sysconfdir)). \
	Call first: sparklectl setup --remove))
