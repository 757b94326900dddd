/* A figure's files: made in a workshop, and moved to where they are wanted all or none of them. */
#ifndef SPANSCOPE_PLOTS_PUBLISH_H
#define SPANSCOPE_PLOTS_PUBLISH_H

#include <signal.h>
#include <stdio.h>

#include "sim/error.h"

/* The files of a figure: its script, data and caption, with which plain gnuplot redraws it, and the pictures. */
enum { PUBLISH_FILES = 6, PUBLISH_WRITTEN = 3 };
extern const char
    *const publish_suffixes[PUBLISH_FILES]; /* the first PUBLISH_WRITTEN are written, gnuplot does the rest */

typedef void publish_print(FILE *file, const void *context);

/* What takes a figure's files: publish below, or another. */
typedef int publisher(const char *directory, const char *name, publish_print *const print[PUBLISH_WRITTEN],
                      const void *context, const volatile sig_atomic_t *stop, struct error *error);

/* ERROR_INPUT where one of the files that a figure would replace is read by this process (sim/place). */
int publish_check(const char *directory, const char *name, struct error *error);

/* Writes NAME.gp, NAME.dat and NAME.txt by the three functions, runs the script, and puts all files into the directory,
 * made if missing. ERROR_INPUT as above, ERROR_RESOURCE for files, memory and gnuplot, ERROR_INTERRUPTED where *stop (or NULL) becomes other
 * than 0 meanwhile; an old figure is then left as it was. */
int publish(const char *directory, const char *name, publish_print *const print[PUBLISH_WRITTEN], const void *context,
            const volatile sig_atomic_t *stop, struct error *error);

#endif
