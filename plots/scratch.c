#include "plots/scratch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/cleanup.h"

int scratch_open(struct scratch *scratch, struct error *error)
{
    const char *place = getenv("TMPDIR");
    snprintf(scratch->folder, sizeof scratch->folder, "%.200s/spanscope-XXXXXX", place && *place ? place : "/tmp");
    cleanup_hold();
    bool made = mkdtemp(scratch->folder) != NULL;
    int why = errno;
    if (made)
        cleanup_path(scratch->folder);
    cleanup_release();
    if (made)
        return ERROR_NONE;
    error_set(error, ERROR_RESOURCE, "no folder for temporary files %s: %s", scratch->folder, strerror(why));
    scratch->folder[0] = '\0';
    return ERROR_RESOURCE;
}

void scratch_close(struct scratch *scratch)
{
    if (!*scratch->folder)
        return;
    rmdir(scratch->folder);
    cleanup_forget(scratch->folder);
    scratch->folder[0] = '\0';
}

void scratch_path(char path[SCRATCH_PATH], const char *folder, const char *name, const char *suffix)
{
    snprintf(path, SCRATCH_PATH, "%s/%s.%s", folder, name, suffix);
}
