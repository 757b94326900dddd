/* Text: appending to a buffer that may be too small, and small files. */
#ifndef SPANSCOPE_SIM_TEXT_H
#define SPANSCOPE_SIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/error.h"

/* What snprintf is to one print, text is to many: length counts what would have been written without the limit. */
struct text {
    char *buffer; /* [size], ends with a NUL where size > 0 */
    size_t size;
    size_t length;
};

void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Where the next byte goes and how many there is room for: for functions that themselves print like snprintf. */
char *text_end(const struct text *text);
size_t text_room(const struct text *text);

/* Whether the argument is meant as a file: it exists, or has a folder or an extension as no name of a table has. */
bool text_is_file(const char *argument);

/* Reads a file, at most limit bytes of it, into memory that the caller frees. */
int text_read(const char *path, size_t limit, char **bytes, size_t *length, struct error *error);

/* The file's name without folder and extension, cut to size. */
void text_label(const char *path, char *label, size_t size);

/* ERROR_INPUT for a word that is not in a list, with the nearest candidate or else all of them:
 * "unknown placement 'spannrm'; did you mean 'spannorm'?" */
int text_unknown(struct error *error, const char *what, const char *word, const char *const candidates[], size_t count);

#endif
