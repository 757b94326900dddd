/* A folder of its own for every test, what stands in it, and what a picture must be. */
#ifndef SPANSCOPE_TESTS_FOLDER_H
#define SPANSCOPE_TESTS_FOLDER_H

#include <check.h>
#include <stddef.h>

/* Its name is no friend of shells. */
extern char folder_name[64];

/* A case of the suite whose tests each have such a folder. */
TCase *folder_case(Suite *suite, const char *name);

/* The path of an entry, valid until the next call. */
const char *folder_path(const char *name);

void folder_write(const char *name, const char *text);
void folder_write_bytes(const char *name, const char *bytes, size_t length);

/* The whole file, which the caller frees. */
char *folder_read(const char *name, size_t *length);

/* Of a folder, whose path is given. */
int folder_entries(const char *path);

/* That an entry is a picture of a decent size; an SVG that holds the words, up to NULL. SVG breaks a text at every
 * change of font, so only plain words are looked for. */
void folder_check_png(const char *name);
void folder_check_svg(const char *name, const char *const words[]);

#endif
