#include "plots/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/cleanup.h"

static const char stem[] = ".spanscope-";

/* ---- what was left ---- */

/* A folder that mkdtemp has made for this user. */
static bool is_ours(int folder)
{
    struct stat status;
    return fstat(folder, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 07777) == 0700;
}

static void remove_files(int folder)
{
    DIR *entries = fdopendir(dup(folder));
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;)
        unlinkat(folder, entry->d_name, 0);
    if (entries)
        closedir(entries);
}

/* The lock is held while it goes, so that nobody begins to use it. */
static void remove_left(int place, const char *name)
{
    int folder = openat(place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return;
    if (is_ours(folder) && flock(folder, LOCK_EX | LOCK_NB) == 0) {
        remove_files(folder);
        unlinkat(place, name, AT_REMOVEDIR);
    }
    close(folder);
}

static void sweep(const char *place)
{
    DIR *entries = opendir(place);
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;)
        if (strncmp(entry->d_name, stem, sizeof stem - 1) == 0 && strlen(entry->d_name) == sizeof stem - 1 + 6)
            remove_left(dirfd(entries), entry->d_name);
    if (entries)
        closedir(entries);
}

/* ---- a new one ---- */

/* Makes and locks it. Where another's sweep was quicker than the lock it is gone, and false is returned. */
static bool make(struct scratch *scratch)
{
    struct stat status;
    if (!mkdtemp(scratch->folder))
        return false;
    scratch->lock = open(scratch->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (scratch->lock < 0)
        return false;
    flock(scratch->lock, LOCK_EX); // where locks are not to be had, none is swept
    if (fstat(scratch->lock, &status) == 0 && status.st_nlink > 0)
        return true;
    close(scratch->lock);
    errno = ENOENT;
    return false;
}

int scratch_open(struct scratch *scratch, const char *place, struct error *error)
{
    enum { TRIES = 3 };
    bool made = false;
    const char *common = getenv("TMPDIR");
    place = place ? place : common && *common ? common : "/tmp";
    *scratch = (struct scratch){.lock = -1};
    if (asprintf(&scratch->folder, "%s/%sXXXXXX", place, stem) < 0) {
        scratch->folder = NULL;
        return error_set(error, ERROR_RESOURCE, "out of memory for file names");
    }
    sweep(place);
    cleanup_path(scratch->folder); // before it is there: a fault of ours does not wait for a hold to end
    for (int i = 0; i < TRIES && !made; i++) {
        memset(scratch->folder + strlen(scratch->folder) - 6, 'X', 6);
        made = make(scratch);
        if (!made && errno != ENOENT)
            break;
    }
    if (made)
        return ERROR_NONE;
    error_set(error, ERROR_RESOURCE, "cannot write into %.400s: %s", place, strerror(errno));
    cleanup_forget(scratch->folder);
    free(scratch->folder);
    scratch->folder = NULL;
    return ERROR_RESOURCE;
}

void scratch_close(struct scratch *scratch)
{
    if (!scratch->folder)
        return;
    rmdir(scratch->folder);
    close(scratch->lock);
    cleanup_forget(scratch->folder);
    free(scratch->folder);
    scratch->folder = NULL;
}

void scratch_path(char path[SCRATCH_PATH], const char *folder, const char *name, const char *suffix)
{
    snprintf(path, SCRATCH_PATH, "%s/%s.%s", folder, name, suffix);
}
