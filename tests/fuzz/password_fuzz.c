/*
 * password_fuzz.c - any text as a password, and as an address.
 *
 * A verdict is whole: valid where there is no fault, 0 to 100, and the same for
 * what the password is hashed as.  The form of an address is its own form.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/email.h"
#include "core/password_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
check_password(void *mem, const char *text)
{
    const char *normal = password_normal(mem, text);
    struct password_verdict v = password_judge(text, text, text, NULL, 60);
    struct password_verdict again =
        password_judge(normal, text, text, NULL, 60);

    if (v.valid != (v.faults == 0) || v.score < 0 || v.score > 100)
        BUG("a verdict that is none: %x, %d", v.faults, (int)v.score);
    if (v.faults != again.faults || v.score != again.score ||
        strcmp(password_normal(mem, normal), normal) != 0)
        BUG("the normal form is judged otherwise");
}

static void
check_address(void *mem, const char *text)
{
    const char *form = email_normal(mem, text);
    const char *again = form == NULL ? NULL : email_normal(mem, form);

    if (form != NULL && (again == NULL || strcmp(form, again) != 0))
        BUG("the form of an address has another form: %s", form);
    if (form != NULL && (strlen(form) > 255 || strchr(form, ' ') != NULL))
        BUG("an address that is none: %s", form);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    void *mem = mem_context(NULL, "fuzz");
    const char *text = mem_strndup(mem, (const char *)bytes, n);

    if (utf8_clean(text, strlen(text), false)) {
        check_password(mem, text);
        check_address(mem, text);
    }
    mem_free(mem);
    return 0;
}
