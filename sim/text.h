/* Text: appending to a buffer that may be too small, and small files. */
#ifndef SPANSCOPE_SIM_TEXT_H
#define SPANSCOPE_SIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Whether the argument is meant as a file, not as a text: it begins like a path, or exists and has a folder; or it assigns
 * nothing, and exists or has a folder or an extension as no name of a table has. */
bool text_is_file(const char *argument);

/* Reads a file of text, whole, into memory that the caller frees: bytes[length], and a NUL behind them. A byte-order mark
 * is left out. ERROR_RESOURCE where it cannot be read, ERROR_INPUT where it has more than limit bytes, is in UTF-16 or
 * is written by this process (sim/place). */
int text_read(const char *path, size_t limit, char **bytes, size_t *length, struct error *error);

/* The same for a file that many readings of a configuration name, such as a formula at every point of a map: the first
 * reads it, the others are given the same text, though the file be a pipe or be edited meanwhile. The bytes stay as
 * long as the program. Any thread may call it. */
int text_once(const char *path, size_t limit, const char **bytes, size_t *length, struct error *error);

/* Length in bytes of the character that text[length] begins with, and its number; 0 where that is no UTF-8. */
size_t text_character(const char *text, size_t length, uint32_t *number);

/* The text as a terminal may be shown it: control characters but those of `controls`, which are ASCII, and bytes that are
 * no UTF-8, as \x1b; cut to size between characters. Returns the buffer. Characters that turn the direction of writing
 * are control characters, here and below. */
char *text_show(const char *text, const char *controls, char *buffer, size_t size);

/* Columns that a terminal gives a character: 1, 2 of Chinese and the like, 0 of accents that stand over the one before; -1
 * of what is not shown. */
int text_columns(uint32_t number);

/* Whether a character beyond ASCII is a letter, a digit, or an accent of its own over the one before. */
bool text_is_letter(uint32_t number);

/* Bytes of a UTF-8 byte-order mark at the beginning of text[length], which some editors write: 3 or 0. */
size_t text_mark(const char *text, size_t length);

/* ERROR_INPUT, naming what it is ("the file name"), for a text that cannot stand in output: one that is not UTF-8 or has
 * control characters but those of `controls`. */
int text_check(const char *what, const char *text, const char *controls, struct error *error);

/* The file's name without folder and extension, cut to size between characters; of an open descriptor, custom.
 * ERROR_INPUT for a name that cannot stand in output. */
int text_label(const char *path, char *label, size_t size, struct error *error);

/* "2 threads", "1 thread": of a number and its plural, which ends in s. Returns words. */
enum { TEXT_COUNT = 48 };
const char *text_count(int64_t count, const char *plural, char words[TEXT_COUNT]);

/* ERROR_INPUT for a word that is not in a list, with the nearest candidate or else all of them:
 * "unknown placement 'spannrm'; did you mean 'spannorm'?" */
int text_unknown(struct error *error, const char *what, const char *word, const char *const candidates[], size_t count);

#endif
