/* geo.c - see geo.h. */
#include "core/geo.h"

#include <maxminddb.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

#define MOST_BYTES 90 /* of a name; two of them and a comma are kept */

/* The file, opened at the first question; NULL where it cannot be. */
static MMDB_s *
database(const char *file)
{
    static MMDB_s db;
    static enum { UNTRIED, OPEN, BROKEN } state;

    if (state == UNTRIED) {
        int status = MMDB_open(file, MMDB_MODE_MMAP, &db);

        state = status == MMDB_SUCCESS ? OPEN : BROKEN;
        if (state == BROKEN)
            log_warn("%s: %s; logins have no location", file,
                     MMDB_strerror(status));
    }
    return state == OPEN ? &db : NULL;
}

static const char *
name_of(const void *mem, MMDB_entry_s *entry, const char *what)
{
    MMDB_entry_data_s data;

    if (MMDB_get_value(entry, &data, what, "names", "en", NULL) !=
            MMDB_SUCCESS ||
        !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING ||
        data.data_size == 0 || data.data_size > MOST_BYTES ||
        !utf8_clean(data.utf8_string, data.data_size, false))
        return NULL;
    return mem_strndup(mem, data.utf8_string, data.data_size);
}

const char *
geo_place(const void *mem, const char *file, const char *ip)
{
    MMDB_s *db = file == NULL || ip == NULL ? NULL : database(file);
    int no_address, error;

    if (db == NULL)
        return NULL;
    MMDB_lookup_result_s found =
        MMDB_lookup_string(db, ip, &no_address, &error);
    if (no_address != 0 || error != MMDB_SUCCESS || !found.found_entry)
        return NULL;
    const char *city = name_of(mem, &found.entry, "city");
    const char *country = name_of(mem, &found.entry, "country");
    if (city == NULL || country == NULL)
        return country != NULL ? country : city;
    return mem_printf(mem, "%s, %s", city, country);
}
