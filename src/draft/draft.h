/*
 * draft.h - what a member writes and has not sent: the editor and the
 * composers keep it here as it is typed, so that it is on every device of its
 * writer and on none of somebody else.
 *
 * A draft has a place: "new" (a new post), or the word post, comment, reply or
 * edit and the id of what is edited or answered, "comment-<uuid>".  Whoever
 * keeps one names the version that it knows, so that nothing is written over
 * unseen: neither what another device wrote there, nor that the draft was sent
 * meanwhile.  Each member has the latest 50.
 */
#ifndef DRAFT_DRAFT_H
#define DRAFT_DRAFT_H

#include "core/feature.h"

extern const struct feature draft_feature;

#endif
