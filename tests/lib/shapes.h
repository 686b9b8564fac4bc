/*
 * shapes.h - sources of any size from the short forms of
 * tests/data/pathological.txt: what stands once, then one part and another,
 * each as often as there is room.
 */
#ifndef LIB_SHAPES_H
#define LIB_SHAPES_H

#include "base/text.h"

struct shape {
    const char *head, *first, *second; /* "" where there is none */
};

/* Undoes \n \t \\ and \xXX in its place; other \ stay. */
void shape_unescape(char *s);

/* The file's lines but for those that begin with ;, on mem, ended by one whose
 * `first` is NULL.  NULL where the file cannot be read. */
struct shape *shapes_read(const void *mem, const char *path);

/* The source of that size, or a little less: a half each to two parts. */
void shape_fill(struct text *to, const struct shape *shape, size_t size);

#endif
