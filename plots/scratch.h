/* A folder for temporary files, which goes with the process whatever ends it. */
#ifndef SPANSCOPE_PLOTS_SCRATCH_H
#define SPANSCOPE_PLOTS_SCRATCH_H

#include "sim/error.h"

enum { SCRATCH_PATH = 512 };

struct scratch {
    char folder[256];
};

/* In TMPDIR or /tmp. */
int scratch_open(struct scratch *scratch, struct error *error);
void scratch_close(struct scratch *scratch);

void scratch_path(char path[SCRATCH_PATH], const char *folder, const char *name, const char *suffix);

#endif
