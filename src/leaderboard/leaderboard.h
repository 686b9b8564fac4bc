/*
 * leaderboard.h - who did most: boards of the hour, day, week, month and of
 * all time, by experience, posts, and reactions received.
 *
 * The live boards are sorted sets of Redis, "leaderboard:<board>:<metric>",
 * of users' ids by score, made anew from PostgreSQL by leaderboard-update.
 * What a day, week or month leaves is in leaderboard_archives.
 */
#ifndef LEADERBOARD_LEADERBOARD_H
#define LEADERBOARD_LEADERBOARD_H

#include "core/feature.h"

extern const struct feature leaderboard_feature;

#endif
