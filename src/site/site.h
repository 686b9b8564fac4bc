/*
 * site.h - what belongs to no feature: health, the API's own document, the
 * legal pages.
 */
#ifndef SITE_SITE_H
#define SITE_SITE_H

#include "core/feature.h"

extern const struct feature site_feature;

/* Page data: what /health/ready says, as `health`. */
const struct problem *site_health_as(struct request *r);

#endif
