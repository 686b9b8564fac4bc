/*
 * agent.h - what a browser says that it is: the header User-Agent, read for
 * people and for the fingerprint of a session.  Everybody may say anything.
 */
#ifndef CORE_AGENT_H
#define CORE_AGENT_H

#include <stdbool.h>

/*
 * The browser's family ("Firefox") and the system it runs on ("Linux"),
 * without their versions; literal, NULL where a header names none that is
 * known.
 */
const char *agent_family(const char *user_agent);
const char *agent_platform(const char *user_agent);

/* Whether it names itself a crawler, a preview or a monitor; programs that say
 * nothing of the kind, or nothing at all, are none. */
bool agent_is_robot(const char *user_agent);

/* "Firefox on Linux", or what is known of it, on mem; NULL: nothing is. */
const char *agent_name(void *mem, const char *user_agent);

#endif
