/* A folder for files under construction, which goes with the process. A signal removes it, but SIGKILL: what that leaves
 * goes when the next is made beside it, since nobody holds its lock any more. */
#ifndef SPANSCOPE_PLOTS_SCRATCH_H
#define SPANSCOPE_PLOTS_SCRATCH_H

#include "sim/error.h"

enum { SCRATCH_PATH = 512 };

struct scratch {
    char *folder; /* NULL: none */
    int lock;     /* a descriptor of it */
};

/* Of the name .spanscope-XXXXXX in a folder, NULL for TMPDIR or /tmp. ERROR_RESOURCE. Those of ours that a killed process
 * has left there are removed with their files. */
int scratch_open(struct scratch *scratch, const char *place, struct error *error);

/* The folder is empty again. Safe on a zeroed struct. */
void scratch_close(struct scratch *scratch);

void scratch_path(char path[SCRATCH_PATH], const char *folder, const char *name, const char *suffix);

#endif
