/*
 * admin_page.c - the pages below /admin: overview, accounts, one account, the
 * audit log.
 *
 * Their forms ask by GET, so that a search can be kept as a link; what they
 * change goes through the API.  An empty field is no filter.
 */
#include <stdio.h>
#include <string.h>

#include "admin/admin_local.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/cursor.h"
#include "core/session.h"
#include "site/site.h"

static const int64_t page_size = 30;

/* ---- Fields of pages ---------------------------------------------------- */

/* A day's first moment; zero where the text is no day. */
static struct instant
begin_of(const char *day)
{
    struct instant t = { 0 };
    char whole[32];

    if (strlen(day) == 10) {
        (void)snprintf(whole, sizeof whole, "%sT00:00:00Z", day);
        (void)time_read(whole, &t);
    }
    return t;
}

bool
admin_day_valid(const char *s)
{
    return s[0] == '\0' || begin_of(s).us != 0;
}

struct instant
admin_day(const char *s, int64_t days)
{
    struct instant t = { 0 };

    if (s == NULL || s[0] == '\0')
        return t;
    t = begin_of(s);
    t.us += days * CLOCK_DAY;
    return t;
}

/* The words of a field, with the empty one first. */
static const char *const any_role[] = {
    "", "USER", "CREATOR", "VERIFIED_CREATOR", "MODERATOR", "ADMIN", NULL,
};
static const char *const any_status[] = {
    "",   "PENDING_VERIFICATION", "ACTIVE", "SUSPENDED", "BANNED", "DELETED",
    NULL,
};
static const char *const any_outcome[] = { "", "done", "refused", NULL };

#define DAY_FIELD(name, owner, member, words)                                  \
    FIELD_AS(IN_QUERY, name, owner, member, .max = 10,                         \
             .valid = admin_day_valid,                                         \
             .wanted = "must be a day such as 2026-11-21", .about = words)

/* Which of the choices is chosen, for the template: asRole.ADMIN. */
static void
chosen(struct request *r, const char *group, const char *word)
{
    if (word != NULL && word[0] != '\0')
        page_flag(r, mem_printf(r->mem, "%s.%s", group, word), true);
}

static void
fill_in(struct request *r, const char *name, const char *word)
{
    page_text(r, name, word != NULL ? word : "");
}

/* Every page here has the tabs, and is nothing for search engines. */
static void
begin_page(struct request *r, const char *tab)
{
    page_flag(r, mem_printf(r->mem, "tab.%s", tab), true);
    page_flag(r, "viewer.isAdmin", r->session->role >= ROLE_ADMIN);
    page_flag(r, "page.noindex", true);
}

/* ---- The overview ------------------------------------------------------- */

static const struct member overview_shape[] = {
    { .name = "users", .type = VALUE_INTEGER },
    { .name = "newToday",
      .type = VALUE_INTEGER,
      .about = "Accounts made in 24 hours; counted up to 10,000, as are those "
               "below." },
    { .name = "newThisWeek", .type = VALUE_INTEGER },
    { .name = "pending",
      .type = VALUE_INTEGER,
      .about = "Accounts and registrations whose address is not verified." },
    { .name = "suspended", .type = VALUE_INTEGER },
    { .name = "banned", .type = VALUE_INTEGER },
    { .name = "staff", .type = VALUE_INTEGER },
    { .name = "failedLogins", .type = VALUE_INTEGER, .about = "In 24 hours." },
    { .name = "alerts",
      .type = VALUE_INTEGER,
      .about = "Of severity high and critical, in 24 hours." },
    { .name = "refused",
      .type = VALUE_INTEGER,
      .about = "Attempts of staff that were refused, in 24 hours." },
    { .name = "deletions",
      .type = VALUE_INTEGER,
      .about = "Accounts in their days of grace." },
    { 0 },
};

/* clang-format off */
/* Counts end at 10,000, so that a large site has its page at once. */
#define UP_TO(table, condition)                                                \
    "(SELECT count(*) FROM (SELECT FROM " table " WHERE " condition            \
    " LIMIT 10000) n)"

#define SINCE(time) "created_at > $1::timestamptz - interval '" time "'"

static const char overview_sql[] =
    "SELECT (SELECT coalesce(sum(n), 0)::bigint FROM site_totals "
    "WHERE name = 'users'), "
    UP_TO("users", SINCE("1 day")) ", "
    UP_TO("users", SINCE("7 days")) ", "
    UP_TO("users", "status = 'PENDING_VERIFICATION'") " + "
    UP_TO("registrations", "expires_at > $1::timestamptz") ", "
    UP_TO("users", "status = 'SUSPENDED' "
        "AND suspended_until > $1::timestamptz") ", "
    UP_TO("users", "status = 'BANNED'") ", "
    UP_TO("users", "role >= 'MODERATOR' AND status = 'ACTIVE'") ", "
    UP_TO("login_history", SINCE("1 day") " AND NOT success") ", "
    UP_TO("security_alerts", SINCE("1 day") " AND severity >= 'high'") ", "
    UP_TO("audit_log", SINCE("1 day") " AND NOT success") ", "
    UP_TO("deletion_requests", "cancelled_at IS NULL AND done_at IS NULL");
/* clang-format on */

static const struct problem *
answer_overview(struct request *r)
{
    return answer_row(r, overview_sql, ARGS(ARG(r->now)));
}

static const struct problem *
show_overview(struct request *r)
{
    const struct problem *refused = answer_row_as(
        r, "overview", overview_shape, overview_sql, ARGS(ARG(r->now)));

    begin_page(r, "overview");
    return refused != NULL ? refused : site_health_as(r);
}

/* ---- Accounts ----------------------------------------------------------- */

static const struct field users_fields[] = {
    FIELD(IN_QUERY, struct account_list, q, .max = 255,
          .about = "The beginning of a name or an address."),
    FIELD(IN_QUERY, struct account_list, role, .choices = any_role,
          .about = "Only with this role."),
    FIELD(IN_QUERY, struct account_list, status, .choices = any_status,
          .about = "Only with this status."),
    DAY_FIELD("from", struct account_list, from_day,
              "Made on this day or "
              "later."),
    DAY_FIELD("to", struct account_list, to_day, "Made until this day."),
    FIELD(IN_QUERY, struct account_list, cursor,
          .about = "Goes on after a page."),
    { 0 },
};

static const struct problem *
show_users(struct request *r)
{
    struct account_list in = *(const struct account_list *)r->input;

    in.limit = page_size;
    in.from = admin_day(in.from_day, 0);
    in.to = admin_day(in.to_day, 1);
    begin_page(r, "users");
    fill_in(r, "q", in.q);
    fill_in(r, "from", in.from_day);
    fill_in(r, "to", in.to_day);
    fill_in(r, "chosenRole", in.role);
    fill_in(r, "chosenStatus", in.status);
    chosen(r, "asRole", in.role);
    chosen(r, "asStatus", in.status);
    return account_list_answer(r, "accounts", &in);
}

static const struct problem *
show_user(struct request *r)
{
    const struct account_choice *in = r->input;
    char id[UUID_TEXT];
    struct audit_list audit = { .resource = "user", .limit = 20 };
    const struct problem *refused = account_as(r, in->user);

    if (refused != NULL)
        return refused;
    uuid_write(&in->user, id);
    audit.resource_id = mem_strdup(r->mem, id);
    audit.cursor.key = INT64_MAX;
    memset(audit.cursor.id.octet, 0xFF, sizeof audit.cursor.id.octet);
    begin_page(r, "users");
    page_set(r, "title", page_value(r, "account.username"));
    chosen(r, "asRole", page_value(r, "account.role"));
    return audit_list_answer(r, "audit", &audit);
}

/* ---- The audit log ------------------------------------------------------ */

static const struct field audit_fields[] = {
    FIELD(IN_QUERY, struct audit_list, actor, .max = 36,
          .about = "Only by this user."),
    FIELD(IN_QUERY, struct audit_list, action, .max = 100,
          .about = "Only this action."),
    FIELD(IN_QUERY, struct audit_list, resource, .max = 100,
          .about = "Only about this kind of thing."),
    FIELD_AS(IN_QUERY, "resourceId", struct audit_list, resource_id, .max = 100,
             .about = "Only about the thing with this id."),
    DAY_FIELD("from", struct audit_list, from_day, "On this day or later."),
    DAY_FIELD("to", struct audit_list, to_day, "Until this day."),
    FIELD(IN_QUERY, struct audit_list, outcome, .choices = any_outcome,
          .about = "What was done, or what was refused."),
    FIELD(IN_QUERY, struct audit_list, cursor,
          .about = "Goes on after a page."),
    { 0 },
};

static const struct problem *
show_audit(struct request *r)
{
    struct audit_list in = *(const struct audit_list *)r->input;
    bool any = in.outcome == NULL || in.outcome[0] == '\0';

    in.limit = page_size;
    in.from = admin_day(in.from_day, 0);
    in.to = admin_day(in.to_day, 1);
    in.success = (struct maybe_boolean){
        .given = !any,
        .value = !any && strcmp(in.outcome, "done") == 0,
    };
    begin_page(r, "audit");
    fill_in(r, "actor", in.actor);
    fill_in(r, "action", in.action);
    fill_in(r, "resource", in.resource);
    fill_in(r, "resourceId", in.resource_id);
    fill_in(r, "from", in.from_day);
    fill_in(r, "to", in.to_day);
    fill_in(r, "chosenOutcome", in.outcome);
    chosen(r, "asOutcome", in.outcome);
    return audit_list_answer(r, "audit", &in);
}

/* ---- The pages ---------------------------------------------------------- */

const struct route admin_page_routes[] = {
    {
        .on = "GET /api/admin/overview",
        .access = ALLOW_MODERATORS,
        .handle = answer_overview,
        .about = "Count what administrators want to know at a glance.",
        .returns = overview_shape,
        .sql = STATEMENTS(overview_sql),
    },
    {
        .on = "GET /admin",
        .access = ALLOW_MODERATORS,
        .handle = show_overview,
        .about = "The site at a glance, for staff.",
        .page = "admin/overview",
        .title = "Administration",
    },
    {
        .on = "GET /admin/users",
        .access = ALLOW_MODERATORS,
        .handle = show_users,
        .about = "Find accounts.",
        .input = INPUT(struct account_list, users_fields),
        .page = "admin/users",
        .title = "Users",
    },
    {
        .on = "GET /admin/users/{user}",
        .access = ALLOW_MODERATORS,
        .handle = show_user,
        .about = "An account, and what staff may do to it.",
        .input = INPUT(struct account_choice, account_choice_fields),
        .page = "admin/user",
    },
    {
        .on = "GET /admin/audit",
        .access = ALLOW_ADMINS,
        .handle = show_audit,
        .about = "The audit log.",
        .input = INPUT(struct audit_list, audit_fields),
        .page = "admin/audit",
        .title = "Audit log",
    },
    { 0 },
};
