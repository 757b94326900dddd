/* Which files this process reads, keeps and writes, so that none is written over while it is needed: whoever opens one
 * says so here, and the second of two that do not go together is refused, whichever it is.
 *
 * Files are compared, not their names: a link, ./a and a are one. A file that is not there yet is known by its folder and
 * its name in it. Devices, pipes and descriptors are no files, and never refused.
 */
#ifndef SPANSCOPE_SIM_PLACE_H
#define SPANSCOPE_SIM_PLACE_H

#include <limits.h>
#include <stdio.h>

#include "sim/error.h"

/* Follows a path's links, to what need not be there: path becomes absolute, its folder without links. *descriptor is that
 * of this process which it leads to, as /dev/stdout does, else -1. Returns 0, or -1 with errno. */
int place_follow(char path[PATH_MAX], int *descriptor);

/* A name in the same folder that nothing has, .spanscope-*, of a path shorter than PATH_MAX. The caller frees; NULL without
 * memory. */
char *place_beside(const char *path);

/* The file that is written under this name before it takes another's, made or emptied; NULL with ERROR_RESOURCE. What has
 * the name and is no regular file, a pipe, a link or a folder, is refused, and not waited for: place_vacant says so
 * before there is anything to write. */
FILE *place_draft(const char *path, struct error *error);
int place_vacant(const char *path, struct error *error);

/* All three return ERROR_INPUT for what does not go together. */

/* Read, whenever that is. */
int place_read(const char *path, struct error *error);

/* Read and written as long as it is in use, as a "store"; what is a constant. */
int place_keep(const char *path, const char *what, struct error *error);

/* To be replaced by what is written; who says by which option, such as "--output", and is a constant. */
int place_write(const char *path, const char *who, struct error *error);

/* No longer kept or written, as it was said; NULL is no path. */
void place_leave(const char *path, const char *who);

#endif
