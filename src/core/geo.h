/*
 * geo.h - where an address is, roughly.  The door to libmaxminddb.
 */
#ifndef CORE_GEO_H
#define CORE_GEO_H

/*
 * "City, Country" in English on mem, of a file of MaxMind's GeoLite2 form
 * (.mmdb), or the country alone; NULL where the file is NULL, cannot be read
 * (which is logged once) or does not know the address.  The file is mapped
 * once a process: after a new one was put in its place, reload.
 */
const char *geo_place(const void *mem, const char *file, const char *ip);

#endif
