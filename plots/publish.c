#include "plots/publish.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plots/gnuplot.h"
#include "plots/scratch.h"
#include "sim/cleanup.h"
#include "sim/place.h"

const char *const publish_suffixes[PUBLISH_FILES] = {"gp", "dat", "txt", "svg", "png", "pdf"};

/* DIRECTORY/NAME.SUFFIX, or NULL. */
static char *path_of(const char *directory, const char *name, const char *suffix)
{
    char *path;
    return asprintf(&path, "%s/%s.%s", directory, name, suffix) < 0 ? NULL : path;
}

static int cannot(const char *what, const char *path, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "%s %.400s: %s", what, path, strerror(errno));
}

static int out_of_memory(struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory for file names");
}

static int write_file(const char *path, publish_print *print, const void *context, struct error *error)
{
    FILE *file = fopen(path, "wxe");
    if (!file)
        return cannot("cannot write", path, error);
    print(file, context);
    bool failed = ferror(file) != 0;
    return fclose(file) != 0 || failed ? cannot("cannot write", path, error) : ERROR_NONE;
}

/* The folder in which a figure is made, with the files that will be in it. */
struct workshop {
    struct scratch scratch;
    char *files[PUBLISH_FILES], *script;
};

/* Nothing is moved unless everything is there and has a place: an old figure is replaced whole. */
static int check_complete(const struct workshop *workshop, char *const places[PUBLISH_FILES], struct error *error)
{
    for (int i = 0; i < PUBLISH_FILES; i++) {
        struct stat status;
        if (stat(workshop->files[i], &status) != 0 || status.st_size == 0)
            return error_set(error, ERROR_RESOURCE, "gnuplot did not write %.400s", strrchr(places[i], '/') + 1);
        if (stat(places[i], &status) == 0 && S_ISDIR(status.st_mode))
            return error_set(error, ERROR_RESOURCE, "cannot write %.400s: it is a folder", places[i]);
    }
    return ERROR_NONE;
}

/* Signals wait, so that they find the old figure or the new one. */
static int move_into(const struct workshop *workshop, char *const places[PUBLISH_FILES], struct error *error)
{
    int code = check_complete(workshop, places, error);
    cleanup_hold();
    for (int i = 0; i < PUBLISH_FILES && code == ERROR_NONE; i++)
        if (rename(workshop->files[i], places[i]) != 0)
            code = cannot("cannot write", places[i], error);
    cleanup_release();
    return code;
}

static int move_all(const struct workshop *workshop, const char *directory, const char *name, struct error *error)
{
    char *places[PUBLISH_FILES];
    int code = ERROR_NONE;
    for (int i = 0; i < PUBLISH_FILES; i++)
        if (!(places[i] = path_of(directory, name, publish_suffixes[i])))
            code = out_of_memory(error);
    if (code == ERROR_NONE)
        code = move_into(workshop, places, error);
    for (int i = 0; i < PUBLISH_FILES; i++)
        free(places[i]);
    return code;
}

static void workshop_remove(struct workshop *workshop)
{
    for (int i = 0; i < PUBLISH_FILES; i++) {
        if (workshop->files[i])
            unlink(workshop->files[i]);
        cleanup_forget(workshop->files[i]);
        free(workshop->files[i]);
    }
    scratch_close(&workshop->scratch);
    free(workshop->script);
}

/* The folder is guarded before its files, which go first. */
static int workshop_make(struct workshop *workshop, const char *directory, const char *name, struct error *error)
{
    int code = scratch_open(&workshop->scratch, directory, error);
    if (code != ERROR_NONE)
        return code;
    for (int i = 0; i < PUBLISH_FILES; i++) {
        workshop->files[i] = path_of(workshop->scratch.folder, name, publish_suffixes[i]);
        if (!workshop->files[i])
            return out_of_memory(error);
        cleanup_path(workshop->files[i]);
    }
    if (asprintf(&workshop->script, "./%s.gp", name) >= 0)
        return ERROR_NONE;
    workshop->script = NULL;
    return out_of_memory(error);
}

/* The folder that figures go to, with whether it was made for them: until one is there, it goes again. */
static int make_directory(const char *directory, bool *made, struct error *error)
{
    cleanup_hold();
    *made = mkdir(directory, 0777) == 0;
    int why = errno;
    if (*made)
        cleanup_path(directory);
    cleanup_release();
    errno = why;
    return *made || why == EEXIST ? ERROR_NONE : cannot("cannot make the folder", directory, error);
}

static const char writer[] = "the figure";

int publish_check(const char *directory, const char *name, struct error *error)
{
    int code = ERROR_NONE;
    for (int i = 0; i < PUBLISH_FILES && code == ERROR_NONE; i++) {
        char *place = path_of(directory, name, publish_suffixes[i]);
        code = place ? place_write(place, writer, error) : out_of_memory(error);
        place_leave(place, writer);
        free(place);
    }
    return code;
}

/* Everything is made in a folder of its own inside directory, under its final name, and moved when complete. */
int publish(const char *directory, const char *name, publish_print *const print[PUBLISH_WRITTEN], const void *context,
            const volatile sig_atomic_t *stop, struct error *error)
{
    const struct gnuplot_limits limits = {GNUPLOT_SECONDS, stop};
    struct workshop workshop = {0};
    bool made = false;
    int code = publish_check(directory, name, error);
    if (code == ERROR_NONE)
        code = make_directory(directory, &made, error);
    if (code != ERROR_NONE)
        return code;
    code = workshop_make(&workshop, directory, name, error);
    for (int i = 0; i < PUBLISH_WRITTEN && code == ERROR_NONE; i++)
        code = write_file(workshop.files[i], print[i], context, error);
    if (code == ERROR_NONE)
        code = gnuplot_run(workshop.scratch.folder, workshop.script, &limits, error);
    if (code == ERROR_NONE)
        code = move_all(&workshop, directory, name, error);
    workshop_remove(&workshop);
    if (code != ERROR_NONE && made)
        rmdir(directory);
    cleanup_forget(directory);
    return code;
}
