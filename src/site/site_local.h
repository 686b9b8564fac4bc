/* site_local.h - what the files of this folder share. */
#ifndef SITE_SITE_LOCAL_H
#define SITE_SITE_LOCAL_H

#include "site/site.h"

extern const struct route site_health_routes[];

#endif
