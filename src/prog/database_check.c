/* database_check.c - see database_check.h. */
#include "prog/database_check.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/db.h"
#include "core/schema.h"

static void
check_schema(struct app *app, struct text *faults)
{
    void *mem = mem_context(NULL, "schema");
    const char *sql = mem_printf(mem, "%s/../sql", app_site(app)->web);
    struct schema schema;
    struct text *said = text_new(mem);

    if (access(sql, R_OK) == 0 &&
        schema_read(mem, sql, app->db, &schema, said) &&
        schema_pending(&schema) > 0)
        text_addf(faults,
                  "the database is behind this program by %zu migrations; "
                  "run: sparklectl migrate\n",
                  schema_pending(&schema));
    mem_free(mem);
}

/* What only the database can tell; written to fd, for the parent. */
static int
ask(struct app *app, bool (*more)(struct app *app, struct text *faults), int fd)
{
    struct text faults;

    text_init(&faults, NULL, 1024);
    app->db = db_new(NULL, config_section(app->config, &db_section), NULL);
    bool answered = db_ping(app->db);
    if (answered)
        check_schema(app, &faults);
    if (faults.len == 0 && more != NULL)
        answered = more(app, &faults);
    ssize_t n = write(fd, faults.at, faults.len);
    return !answered ? 2 : faults.len > 0 && n > 0;
}

static void
read_all(int fd, struct text *to)
{
    char part[1024];
    ssize_t n;

    while ((n = read(fd, part, sizeof part)) > 0)
        text_add(to, part, (size_t)n);
}

bool
database_check(struct app *app,
               bool (*more)(struct app *app, struct text *faults),
               struct text *faults)
{
    struct text said;
    int ends[2], status = 0;

    text_init(&said, faults->mem, 256);
    if (pipe(ends) != 0)
        return true;
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        _exit(ask(app, more, ends[1]));
    }
    (void)close(ends[1]);
    read_all(ends[0], &said);
    (void)close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
        text_add(faults, said.at, said.len);
        return false;
    }
    if (said.len > 0)
        log_warn("%.*s", (int)said.len - 1, said.at);
    return true;
}
