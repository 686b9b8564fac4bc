/*
 * local_target.h - where a browser may be sent: a place of this site.
 *
 * What a link says ("come back there after the log-in") is a stranger's text.
 * Browsers read more into a URL than it seems (WHATWG URL, 4.4): "/\h",
 * "/<tab>/h" and "//h" name the host h, and "/..//h" becomes "//h" once its
 * dots are resolved.  So what is asked of a target is narrow: printable ASCII,
 * and a path (RFC 3986, 3.3) of segments none of which is empty but the last,
 * or goes up, or hides a slash.  web/js/local.js asks the same.
 */
#ifndef CORE_LOCAL_TARGET_H
#define CORE_LOCAL_TARGET_H

#define LOCAL_TARGET_MAX 2000 /* bytes */

/*
 * The path, query and fragment of `text`, inside it; "/" for what is no such
 * target, and for NULL.  `site` is the site's URL ("https://example.org",
 * without a slash at its end), with which the text may begin.
 */
const char *local_target(const char *site, const char *text);

#endif
