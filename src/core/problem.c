/* problem.c - see problem.h. */
#include "core/problem.h"

#include <stddef.h>

const struct problem problem_validation = {
    400, "VALIDATION_ERROR", "Some of what was sent cannot be accepted.", 0
};
const struct problem problem_malformed = { 400, "MALFORMED_REQUEST",
                                           "The request cannot be read.", 0 };
const struct problem problem_authentication = { 401, "AUTHENTICATION_ERROR",
                                                "Sign in first.", 0 };
const struct problem problem_authorization = { 403, "AUTHORIZATION_ERROR",
                                               "You may not do this.", 0 };
const struct problem problem_csrf = {
    403, "CSRF_ERROR",
    "This call did not come from the site's own pages, or its X-CSRF-Token is "
    "not the session's.",
    0
};
const struct problem problem_reauthenticate = {
    403, "REAUTHENTICATION_REQUIRED", "Confirm with your password first.", 0
};
const struct problem problem_higher_role = {
    403, "HIGHER_ROLE",
    "You may only act on people whose role is below yours, and on what they "
    "wrote.",
    0
};
const struct problem problem_not_found = { 404, "NOT_FOUND",
                                           "There is nothing here.", 0 };
const struct problem problem_method = {
    405, "METHOD_NOT_ALLOWED", "This address does not take that method.", 0
};
const struct problem problem_conflict = {
    409, "CONFLICT", "Somebody else was faster; look again.", 0
};
const struct problem problem_idempotency = {
    409, "IDEMPOTENCY_CONFLICT",
    "This Idempotency-Key was used for another request.", 0
};
const struct problem problem_too_large = {
    413, "PAYLOAD_TOO_LARGE", "This is more than can be taken at once.", 0
};
const struct problem problem_media_type = {
    415, "UNSUPPORTED_MEDIA_TYPE", "The body must be application/json.", 0
};
const struct problem problem_rate_limit = { 429, "RATE_LIMIT_ERROR",
                                            "Too many requests; wait a little.",
                                            0 };
const struct problem problem_internal = { 500, "INTERNAL_ERROR",
                                          "Something broke on our side.", 0 };
const struct problem problem_unavailable = {
    503, "SERVICE_UNAVAILABLE", "The site is being looked after; try again.", 2
};
const struct problem problem_password_unchecked = {
    503, "PASSWORD_UNCHECKED",
    "New passwords cannot be checked at the moment, so none is taken. Try "
    "again later.",
    60
};
const struct problem problem_timeout = { 504, "TIMEOUT", "This took too long.",
                                         0 };

const struct problem *const core_problems[] = {
    &problem_validation,         &problem_malformed, &problem_authentication,
    &problem_authorization,      &problem_csrf,      &problem_reauthenticate,
    &problem_not_found,          &problem_method,    &problem_conflict,
    &problem_idempotency,        &problem_too_large, &problem_media_type,
    &problem_rate_limit,         &problem_internal,  &problem_unavailable,
    &problem_password_unchecked, &problem_timeout,   NULL,
};
