/*
 * processors.h - how many processors there are for us, and how busy they are.
 */
#ifndef BASE_PROCESSORS_H
#define BASE_PROCESSORS_H

/* Those that the calling process may run on, as nproc(1) counts; 1 at least. */
int processors_count(void);

/* Percent of their time that the host's processors idled since the call before
 * (at the first: since the boot).  -1 where /proc/stat cannot be read. */
int processors_idle(void);

#endif
