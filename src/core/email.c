/* email.c - see email.h. */
#include "core/email.h"

#include <idn2.h>
#include <string.h>

#include "base/mem.h"

enum { LOCAL_MOST = 64, LABEL_MOST = 63, ADDRESS_MOST = 255 };

/* What may stand before the @ without quotes (RFC 5321, 4.1.2), and no control
 * or other bytes: mail for those needs an extension that few have. */
static bool
local_valid(const char *s, size_t n)
{
    static const char odd[] = " \"(),:;<>@[\\]";

    if (n == 0 || n > LOCAL_MOST || s[0] == '.' || s[n - 1] == '.')
        return false;
    for (size_t i = 0; i < n; i++)
        if (s[i] <= 0x20 || s[i] > 0x7e || strchr(odd, s[i]) != NULL ||
            (s[i] == '.' && s[i + 1] == '.'))
            return false;
    return true;
}

/* Labels of letters, digits and inner hyphens (RFC 1123, 2.1).  libidn2 lets
 * the rest of ASCII pass; asked not to (STD3), it takes it out. */
static bool
domain_valid(const char *s)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

    for (;; s++) {
        size_t n = strspn(s, alphabet);

        if (n == 0 || n > LABEL_MOST || s[0] == '-' || s[n - 1] == '-')
            return false;
        s += n;
        if (*s != '.')
            return *s == '\0';
    }
}

/* The domain's ASCII form on mem, or NULL. */
static char *
domain_normal(const void *mem, const char *domain)
{
    char *made = NULL;
    int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;

    if (idn2_to_ascii_8z(domain, &made, flags) != IDN2_OK)
        return NULL;
    char *out = domain_valid(made) ? mem_strdup(mem, made) : NULL;

    idn2_free(made);
    return out;
}

char *
email_normal(const void *mem, const char *address)
{
    const char *at = strchr(address, '@');

    if (at == NULL || strchr(at + 1, '@') != NULL || at[1] == '\0' ||
        !local_valid(address, (size_t)(at - address)))
        return NULL;
    char *domain = domain_normal(mem, at + 1);
    if (domain == NULL)
        return NULL;
    char *out =
        mem_printf(mem, "%.*s@%s", (int)(at - address), address, domain);
    for (char *p = out; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    return strlen(out) > ADDRESS_MOST ? NULL : out;
}

bool
email_valid(const char *address)
{
    void *mem = mem_context(NULL, "address");
    bool valid = email_normal(mem, address) != NULL;

    mem_free(mem);
    return valid;
}

char *
email_local_part(const void *mem, const char *address)
{
    size_t n = strcspn(address, "@");

    return mem_strndup(mem, address, address[n] == '@' ? n : 0);
}
