#include "plots/publish.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plots/gnuplot.h"

const char *const publish_suffixes[PUBLISH_FILES] = {"gp", "dat", "txt", "svg", "png", "pdf"};

/* DIRECTORY/NAME.SUFFIX, or NULL. */
static char *path_of(const char *directory, const char *name, const char *suffix)
{
    char *path;
    return asprintf(&path, "%s/%s.%s", directory, name, suffix) < 0 ? NULL : path;
}

static int cannot(const char *what, const char *path, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "%s %.400s: %s", what, path != NULL ? path : "a file", strerror(errno));
}

static int write_file(const char *directory, const char *name, const char *suffix, publish_print *print,
                      const void *context, struct error *error)
{
    char *path = path_of(directory, name, suffix);
    FILE *file = path != NULL ? fopen(path, "wxe") : NULL;
    int code = ERROR_NONE;
    if (file == NULL) {
        code = cannot("cannot write", path, error);
    } else {
        print(file, context);
        bool failed = ferror(file) != 0;
        if (fclose(file) != 0 || failed)
            code = cannot("cannot write", path, error);
    }
    free(path);
    return code;
}

/* Nothing is moved unless everything is there: an old figure is replaced whole. */
static int check_complete(const char *workshop, const char *name, struct error *error)
{
    int code = ERROR_NONE;
    for (int i = 0; i < PUBLISH_FILES && code == ERROR_NONE; i++) {
        char *path = path_of(workshop, name, publish_suffixes[i]);
        struct stat status;
        if (path == NULL || stat(path, &status) != 0 || status.st_size == 0)
            code = error_set(error, ERROR_RESOURCE, "gnuplot did not write %s.%s", name, publish_suffixes[i]);
        free(path);
    }
    return code;
}

static int move_all(const char *workshop, const char *directory, const char *name, struct error *error)
{
    int code = check_complete(workshop, name, error);
    for (int i = 0; i < PUBLISH_FILES && code == ERROR_NONE; i++) {
        char *from = path_of(workshop, name, publish_suffixes[i]), *to = path_of(directory, name, publish_suffixes[i]);
        if (from == NULL || to == NULL || rename(from, to) != 0)
            code = cannot("cannot write", to, error);
        free(from);
        free(to);
    }
    return code;
}

static void remove_workshop(const char *workshop, const char *name)
{
    for (int i = 0; i < PUBLISH_FILES; i++) {
        char *path = path_of(workshop, name, publish_suffixes[i]);
        if (path != NULL)
            unlink(path);
        free(path);
    }
    rmdir(workshop);
}

/* Everything is made in a folder of its own inside directory, under its final name, and moved when complete. */
int publish(const char *directory, const char *name, publish_print *const print[PUBLISH_WRITTEN], const void *context,
            struct error *error)
{
    char *workshop = NULL, *script = NULL;
    bool made = mkdir(directory, 0777) == 0;
    int code = ERROR_NONE;
    if (asprintf(&workshop, "%s/.spanscope-XXXXXX", directory) < 0 || asprintf(&script, "%s.gp", name) < 0)
        code = error_set(error, ERROR_RESOURCE, "out of memory for file names");
    else if (mkdtemp(workshop) == NULL)
        code = cannot("cannot write into", directory, error);
    if (code != ERROR_NONE)
        goto out;
    for (int i = 0; i < PUBLISH_WRITTEN && code == ERROR_NONE; i++)
        code = write_file(workshop, name, publish_suffixes[i], print[i], context, error);
    if (code == ERROR_NONE)
        code = gnuplot_run(workshop, script, error);
    if (code == ERROR_NONE)
        code = move_all(workshop, directory, name, error);
    remove_workshop(workshop, name);
out:
    if (code != ERROR_NONE && made)
        rmdir(directory);
    free(workshop);
    free(script);
    return code;
}
