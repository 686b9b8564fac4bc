/*
 * mail_maildir.c - mails as files: the transport "file:", into a Maildir
 * (cr.yp.to/proto/maildir.html).  A mail is whole when it is in new/.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/mail_local.h"

/* time.MmicrosecondsPprocessQcount.host, with / and : of the host spelt out */
static const char *
unique_name(void *mem)
{
    static unsigned long count;
    char host[64] = "localhost";
    struct text name;
    int64_t now = clock_now() + CLOCK_UNIX_OFFSET;

    (void)gethostname(host, sizeof host - 1);
    text_init(&name, mem, 128);
    text_addf(&name, "%lld.M%lldP%ldQ%lu.", (long long)(now / CLOCK_SECOND),
              (long long)(now % CLOCK_SECOND), (long)getpid(), ++count);
    for (const char *c = host; *c != '\0'; c++)
        if (*c == '/' || *c == ':')
            text_addf(&name, "\\%03o", (unsigned int)*c);
        else
            text_addc(&name, *c);
    return name.at;
}

static bool
make_directories(void *mem, const char *directory)
{
    static const char *const parts[] = { "", "/tmp", "/new", "/cur", NULL };

    for (size_t i = 0; parts[i] != NULL; i++) {
        const char *path = mem_printf(mem, "%s%s", directory, parts[i]);

        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return false;
    }
    return true;
}

/* With the line ends of files, and what an MTA adds in front. */
static struct text
as_file(void *mem, const struct mail_letter *letter)
{
    struct text file;

    text_init(&file, mem, letter->len + 512);
    text_addf(&file, "Return-Path: <%s>\nDelivered-To: %s\n", letter->from,
              letter->to);
    for (size_t i = 0; i < letter->len; i++)
        if (letter->bytes[i] != '\r')
            text_addc(&file, letter->bytes[i]);
    return file;
}

static bool
write_whole(int fd, const struct text *file)
{
    for (size_t done = 0; done < file->len;) {
        ssize_t n = write(fd, file->at + done, file->len - done);

        if (n < 0)
            return false;
        done += (size_t)n;
    }
    return fsync(fd) == 0;
}

static bool
store(void *mem, const char *directory, const struct mail_letter *letter)
{
    const char *name = unique_name(mem);
    const char *tmp = mem_printf(mem, "%s/tmp/%s", directory, name);
    const char *new = mem_printf(mem, "%s/new/%s", directory, name);
    const struct text file = as_file(mem, letter);
    int fd CLOSED_AT_END =
        open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return false;
    if (write_whole(fd, &file) && rename(tmp, new) == 0)
        return true;
    int error = errno;
    (void)unlink(tmp);
    errno = error;
    return false;
}

const char *
maildir_fault(const char *rest)
{
    return rest[0] == '/' ? NULL : "file: wants a path that begins with /";
}

struct mail_answer
maildir_deliver(struct mailer *mailer, void *mem,
                const struct mail_provider *provider, const char *directory,
                const struct mail_letter *letter,
                const struct mail_pulse *pulse)
{
    (void)mailer;
    (void)provider;
    (void)pulse;
    if (make_directories(mem, directory) && store(mem, directory, letter))
        return (struct mail_answer){ MAIL_SENT, "250 written", true };
    return (struct mail_answer){
        .outcome = MAIL_LATER,
        .response = mem_printf(mem, "%s: %s", directory, strerror(errno)),
    };
}
