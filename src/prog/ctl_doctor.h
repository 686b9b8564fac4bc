/*
 * ctl_doctor.h - what sparklectl doctor looks at on the host itself, between
 * ctl_doctor.c, doctor_host.c and doctor_net.c.
 */
#ifndef PROG_CTL_DOCTOR_H
#define PROG_CTL_DOCTOR_H

#include "prog/ctl.h"

/* What a check found; `found` on c->mem. */
enum health { FINE, DOUBTFUL, BROKEN };

/* Each says what it found. */
enum health doctor_config_mode(struct ctl *c, const char **ret_found);
enum health doctor_disk(struct ctl *c, const char **ret_found);
enum health doctor_inodes(struct ctl *c, const char **ret_found);
enum health doctor_somaxconn(struct ctl *c, const char **ret_found);
enum health doctor_open_files(struct ctl *c, const char **ret_found);
enum health doctor_assets(struct ctl *c, const char **ret_found);
enum health doctor_pages(struct ctl *c, const char **ret_found);
enum health doctor_mails(struct ctl *c, const char **ret_found);
enum health doctor_url(struct ctl *c, const char **ret_found);
enum health doctor_master(struct ctl *c, const char **ret_found);
enum health doctor_secrets(struct ctl *c, const char **ret_found);
enum health doctor_breached(struct ctl *c, const char **ret_found);
enum health doctor_name(struct ctl *c, const char **ret_found);
enum health doctor_certificate(struct ctl *c, const char **ret_found);
enum health doctor_spf(struct ctl *c, const char **ret_found);
enum health doctor_dmarc(struct ctl *c, const char **ret_found);
enum health doctor_push(struct ctl *c, const char **ret_found);

#endif
