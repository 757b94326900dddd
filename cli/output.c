#include "cli/output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what, const char *path, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "cannot %s '%s': %s", what, path, strerror(errno));
}

/* mkstemp's files are private to the user; a result is as readable as any other new file. */
static void apply_umask(int descriptor)
{
    mode_t mask = umask(0);
    umask(mask);
    fchmod(descriptor, 0666 & ~mask);
}

/* A device or pipe cannot be renamed onto: it is written directly. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static FILE *open_temporary(struct output *output, const char *path, struct error *error)
{
    if (asprintf(&output->temporary, "%s.XXXXXX", path) < 0) {
        output->temporary = NULL;
        error_set(error, ERROR_RESOURCE, "out of memory");
        return NULL;
    }
    int descriptor = mkstemp(output->temporary);
    if (descriptor < 0) {
        fail("write", path, error);
        free(output->temporary);
        output->temporary = NULL;
        return NULL;
    }
    apply_umask(descriptor);
    FILE *stream = fdopen(descriptor, "w");
    if (!stream) {
        fail("write", path, error);
        close(descriptor);
    }
    return stream;
}

FILE *output_open(struct output *output, const char *path, struct error *error)
{
    *output = (struct output){0};
    if (!path || strcmp(path, "-") == 0)
        return output->stream = stdout;
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        error_set(error, ERROR_RESOURCE, "cannot write '%s': it is a folder", path);
        return NULL;
    }
    output->path = strdup(path);
    if (!output->path) {
        error_set(error, ERROR_RESOURCE, "out of memory");
        return NULL;
    }
    if (is_special(path)) {
        output->stream = fopen(path, "w");
        if (!output->stream)
            fail("write", path, error);
    } else {
        output->stream = open_temporary(output, path, error);
    }
    if (!output->stream)
        output_discard(output);
    return output->stream;
}

int output_flush(struct error *error)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return ERROR_NONE;
    return error_set(error, ERROR_RESOURCE, "cannot write standard output: %s", strerror(errno));
}

static int close_file(struct output *output, struct error *error)
{
    int code = ERROR_NONE;
    if (fflush(output->stream) != 0 || ferror(output->stream))
        code = fail("write", output->path, error);
    if (fclose(output->stream) != 0 && code == ERROR_NONE)
        code = fail("write", output->path, error);
    output->stream = NULL;
    if (code == ERROR_NONE && output->temporary && rename(output->temporary, output->path) != 0)
        code = fail("write", output->path, error);
    if (code == ERROR_NONE) {
        free(output->temporary);
        output->temporary = NULL;
    }
    return code;
}

int output_close(struct output *output, struct error *error)
{
    int code = output->path ? close_file(output, error) : output_flush(error);
    output_discard(output);
    return code;
}

void output_discard(struct output *output)
{
    if (output->path && output->stream)
        fclose(output->stream);
    if (output->temporary)
        unlink(output->temporary);
    free(output->temporary);
    free(output->path);
    *output = (struct output){0};
}
