/* Where data go: stdout, or a file that appears under its name only when it is whole.
 *
 * The file is written without a name (O_TMPFILE) in the folder where it will stand, and gets its name at the end: no
 * signal leaves anything of it. Where that cannot be had:
 *   replacing a file takes a name for the moment before the rename, as does a file system without nameless files for as
 *   long as it is written: .spanscope-* in the same folder, which every signal but SIGKILL removes;
 *   a file that may be written but not replaced (its folder takes no new file, or it is a mount point) is written in its
 *   place, from what was written elsewhere before: a full disk then leaves it cut.
 */
#ifndef SPANSCOPE_CLI_OUTPUT_H
#define SPANSCOPE_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "sim/error.h"

struct output {
    FILE *stream;
    char *given; /* the path as the user wrote it; NULL for stdout */
    char *path;  /* where its links lead; NULL where what is there is written as it is: devices, pipes, descriptors */
    char *temporary; /* the name under which it is written; NULL where it has none */
    bool replaces;   /* a file is there, of that status */
    bool apart;      /* written in another folder, to be copied */
    struct stat there;
};

/* path NULL or "-" is stdout; /dev/stdout, /dev/fd/N and /proc/self/fd/N are the open descriptor, not a new one of its
 * file; other devices and pipes are opened. Links are followed. A file that is replaced keeps its mode, and its owner
 * where we may give files away. One that nobody may write to is refused, to root too: it was closed on purpose.
 * Returns the stream, or NULL with ERROR_RESOURCE, or ERROR_INPUT where the file is needed otherwise (sim/place). */
FILE *output_open(struct output *output, const char *path, struct error *error);

/* Flushes, checks that all was written, and puts the file into its place. */
int output_close(struct output *output, struct error *error);

/* What a command ends with: closes where code is ERROR_NONE, or where it was interrupted and holds something worth it;
 * else discards. Returns code, or what closing met. */
int output_end(struct output *output, int code, bool holds, struct error *error);

/* Flushes standard output; ERROR_RESOURCE where anything printed there was lost, as on a full disk. */
int output_flush(struct error *error);

/* Drops what was written; safe on a zeroed struct and after output_close. */
void output_discard(struct output *output);

#endif
