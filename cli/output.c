#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/cleanup.h"
#include "sim/place.h"

static const char WRITER[] = "--output";

static int cannot(const struct output *output, const char *why, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "cannot write '%.400s': %s", output->given, why);
}

static int fail(const struct output *output, struct error *error)
{
    return cannot(output, strerror(errno), error);
}

/* ---- opening ---- */

static int open_named(struct output *output)
{
    output->temporary = place_beside(output->path);
    if (!output->temporary)
        return -1;
    cleanup_hold();
    int file = open(output->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0) {
        cleanup_path(output->temporary);
    } else {
        free(output->temporary);
        output->temporary = NULL;
    }
    cleanup_release();
    return file;
}

static int open_apart(struct output *output)
{
    char name[] = "/tmp/spanscope-XXXXXX";
    output->apart = true;
    cleanup_hold();
    int file = mkostemp(name, O_CLOEXEC);
    if (file >= 0)
        unlink(name);
    cleanup_release();
    return file;
}

/* A file to write into until it is whole, or -1 with errno. */
static int open_new(struct output *output)
{
    char folder[PATH_MAX];
    strcpy(folder, output->path);
    int file = open(dirname(folder), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL))
        file = open_named(output);
    if (file < 0 && output->replaces)
        file = open_apart(output);
    return file;
}

static int open_existing(const char *path)
{
    return open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
}

/* A file that is there must allow to be written, though it is not written itself. */
static int check_there(struct output *output, struct error *error)
{
    output->replaces = true;
    if ((output->there.st_mode & 0222) == 0)
        return cannot(output, "it is read-only", error);
    int file = open_existing(output->path);
    if (file < 0)
        return fail(output, error);
    close(file);
    return ERROR_NONE;
}

static void drop_path(struct output *output)
{
    place_leave(output->path, WRITER);
    free(output->path);
    output->path = NULL;
}

static int open_place(struct output *output, int descriptor, struct error *error)
{
    int file = -1;
    if (descriptor >= 0) {
        int flags = fcntl(descriptor, F_GETFL);
        errno = flags < 0 ? errno : EBADF;
        file = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY ? fcntl(descriptor, F_DUPFD_CLOEXEC, 3) : -1;
    } else if (stat(output->path, &output->there) != 0) {
        return open_new(output);
    } else if (S_ISREG(output->there.st_mode)) {
        return check_there(output, error) == ERROR_NONE ? open_new(output) : -1;
    } else {
        file = open_existing(output->path);
    }
    drop_path(output);
    return file;
}

static int open_file(struct output *output, struct error *error)
{
    char path[PATH_MAX];
    int descriptor = -1;
    size_t length = strlen(output->given);
    if (length >= sizeof path) {
        errno = ENAMETOOLONG;
        return fail(output, error);
    }
    strcpy(path, output->given);
    if (stat(path, &output->there) == 0 && S_ISDIR(output->there.st_mode))
        return cannot(output, "it is a folder", error);
    if (path[length - 1] == '/')
        return cannot(output, errno == ENOENT ? "there is no such folder" : "it ends like a folder", error);
    if (place_follow(path, &descriptor) < 0)
        return fail(output, error);
    output->path = strdup(path);
    if (!output->path)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    *error = (struct error){0};
    if (descriptor < 0 && place_write(path, WRITER, error) != ERROR_NONE)
        return error->code;
    int file = open_place(output, descriptor, error);
    if (file >= 0)
        output->stream = fdopen(file, "w+");
    if (file >= 0 && !output->stream && errno == EINVAL) // a device or pipe is open for writing only
        output->stream = fdopen(file, "w");
    if (!output->stream && file >= 0)
        close(file);
    return output->stream ? ERROR_NONE : error->code != ERROR_NONE ? (int)error->code : fail(output, error);
}

FILE *output_open(struct output *output, const char *path, struct error *error)
{
    *output = (struct output){0};
    if (!path || strcmp(path, "-") == 0)
        return output->stream = stdout;
    output->given = strdup(path);
    int code = output->given ? open_file(output, error) : error_set(error, ERROR_RESOURCE, "out of memory");
    if (code != ERROR_NONE)
        output_discard(output);
    return output->stream;
}

/* ---- closing ---- */

int output_flush(struct error *error)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return ERROR_NONE;
    return error_set(error, ERROR_RESOURCE, "cannot write standard output: %s", strerror(errno));
}

static int write_all(int file, const char *bytes, size_t count)
{
    for (ssize_t done; count > 0; bytes += done, count -= (size_t)done)
        if ((done = write(file, bytes, count)) < 0)
            return -1;
    return 0;
}

/* Into its place, where it cannot be replaced; or -1 with errno. */
static int copy_over(const struct output *output)
{
    char bytes[1 << 16];
    int from = fileno(output->stream), to = open(output->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (to < 0)
        return -1;
    int failed = 0;
    off_t at = 0;
    for (ssize_t got; failed == 0 && (got = pread(from, bytes, sizeof bytes, at)) != 0; at += got)
        failed = got < 0 ? -1 : write_all(to, bytes, (size_t)got);
    if (failed == 0)
        failed = fsync(to);
    return close(to) == 0 ? failed : -1;
}

static int give_name(const struct output *output, const char *name)
{
    char own[64];
    snprintf(own, sizeof own, "/proc/self/fd/%d", fileno(output->stream));
    return linkat(AT_FDCWD, own, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

static void drop_temporary(struct output *output)
{
    cleanup_forget(output->temporary);
    free(output->temporary);
    output->temporary = NULL;
}

/* Over what stands in the place: under another name first, since no link replaces a file. */
static int replace(struct output *output)
{
    if (!output->temporary) {
        output->temporary = place_beside(output->path);
        if (!output->temporary || give_name(output, output->temporary) != 0) {
            drop_temporary(output);
            return -1;
        }
    }
    int failed = rename(output->temporary, output->path);
    if (failed != 0)
        unlink(output->temporary);
    drop_temporary(output);
    return failed;
}

/* The owner first: giving a file away takes mode bits from it. What is not permitted is left. */
static void take_after(const struct output *output)
{
    int file = fileno(output->stream);
    if (fchown(file, output->there.st_uid, output->there.st_gid) != 0 && fchown(file, (uid_t)-1, output->there.st_gid))
        errno = 0;
    fchmod(file, output->there.st_mode & 07777);
}

static int settle(struct output *output)
{
    if (output->apart)
        return copy_over(output);
    if (output->replaces)
        take_after(output);
    cleanup_hold();
    bool fresh = !output->replaces && !output->temporary && give_name(output, output->path) == 0;
    int failed = fresh || replace(output) == 0 ? 0 : copy_over(output);
    cleanup_release();
    return failed;
}

/* To the disk before it has a name: a crash of the machine leaves the old file or the new one, and a server's late refusal
 * is heard. Devices have no disk. */
static int close_file(struct output *output, struct error *error)
{
    int code = ERROR_NONE;
    if (fflush(output->stream) != 0 || ferror(output->stream))
        code = fail(output, error);
    if (code == ERROR_NONE && output->path && fsync(fileno(output->stream)) != 0 && errno != EINVAL && errno != EROFS)
        code = fail(output, error);
    if (code == ERROR_NONE && output->path && settle(output) != 0)
        code = fail(output, error);
    if (fclose(output->stream) != 0 && code == ERROR_NONE)
        code = fail(output, error);
    output->stream = NULL;
    return code;
}

int output_close(struct output *output, struct error *error)
{
    int code = output->given ? close_file(output, error) : output_flush(error);
    output_discard(output);
    return code;
}

int output_end(struct output *output, int code, bool holds, struct error *error)
{
    struct error close_error;
    int closed = ERROR_NONE;
    if (code == ERROR_NONE || (code == ERROR_INTERRUPTED && holds))
        closed = output_close(output, &close_error);
    else
        output_discard(output);
    if (closed == ERROR_NONE)
        return code;
    *error = close_error;
    return closed;
}

void output_discard(struct output *output)
{
    if (output->given && output->stream)
        fclose(output->stream);
    if (output->temporary)
        unlink(output->temporary);
    drop_temporary(output);
    free(output->given);
    drop_path(output);
    *output = (struct output){0};
}
