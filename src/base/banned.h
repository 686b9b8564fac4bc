/*
 * banned.h - functions that this program does not use.
 *
 * Included by the build in front of every source file (-include), so that a
 * use does not compile.  They overflow, are not thread- or signal-safe, hide
 * errors, or start a shell; what to use instead stands beside each.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* The system's own headers come first, so that they may declare them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison sprintf vsprintf /* mem_printf, text_addf, snprintf */
#pragma GCC poison strcpy strcat strncpy strncat stpcpy /* mem_strdup, text */
#pragma GCC poison strtok                         /* strcspn, text_split */
#pragma GCC poison gmtime localtime ctime asctime /* clock_iso */
#pragma GCC poison atoi atol atoll atof           /* text_to_int */
#pragma GCC poison system popen                   /* posix_spawn, fork+exec */
#pragma GCC poison gets tmpnam mktemp tempnam     /* getline, mkstemp */
#pragma GCC poison srand random srandom drand48   /* base/random.h */
#undef alloca
#pragma GCC poison alloca

#endif
