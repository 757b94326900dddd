/* Errors: a code that decides the program's exit status, and one message for a person. */
#ifndef SPANSCOPE_SIM_ERROR_H
#define SPANSCOPE_SIM_ERROR_H

#include <stddef.h>

enum error_code {
    ERROR_NONE = 0,
    ERROR_INPUT = -1,       /* usage, formula or configuration: exit status 2 */
    ERROR_RESOURCE = -2,    /* file, memory or a missing tool: exit status 3 */
    ERROR_INTERRUPTED = -3, /* stopped by the user: exit status 130 */
};

struct error {
    enum error_code code;
    char text[1024]; /* one message, without a trailing newline; may hold several lines */
};

/* Records code and message (printf-style, truncated to fit) and returns the code. */
int error_set(struct error *error, enum error_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The candidate nearest to name by Damerau-Levenshtein distance, where it is near enough to be a likely slip (at most a
 * third of the longer length, or 1); else the first that has a whole word in common with it (input-correlation for
 * correlation); else NULL, as for a name that is a term of its own (geglu is no slip for gelu). Case is ignored. */
const char *error_nearest(const char *name, const char *const candidates[], size_t count);

#endif
