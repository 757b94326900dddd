#include "train/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/place.h"

static const char MAGIC[16] = "spanscope-ckpt1\n", KEPT[] = "checkpoint", WRITER[] = "the checkpoint";
enum { STEM = 14 }; /* of MAGIC; the version stands behind it */

static const uint64_t SUM_START = 0xcbf29ce484222325;

/* FNV-1a, 64 bits: no change of one byte leaves it as it was. */
static uint64_t add_to_sum(uint64_t sum, const void *bytes, size_t length)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ byte[i]) * 0x100000001b3;
    return sum;
}

/* ---- reading ---- */

static int damaged(const struct checkpoint *checkpoint, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "%s: a damaged checkpoint; remove it to start anew", checkpoint->path);
}

/* Whoever's it is, it is not to be removed. */
static int foreign(const struct checkpoint *checkpoint, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "%s: no checkpoint; give another name", checkpoint->path);
}

static int of_others(const struct checkpoint *checkpoint, const char *found, checkpoint_difference *difference,
                     struct error *error)
{
    const char *words = difference ? difference(checkpoint->identity, found) : NULL;
    return error_set(error, ERROR_INPUT, "%s: a checkpoint of %s", checkpoint->path,
                     words ? words : "other runs; give the same options or another file");
}

/* What stands before the sum. */
struct source {
    FILE *stream;
    uint64_t left; /* bytes to read */
    bool failed;
};

static void get(struct source *source, void *bytes, size_t length)
{
    source->failed |= length > source->left || fread(bytes, 1, length, source->stream) != length;
    source->left -= source->failed ? 0 : length;
}

/* Whether the sum behind `length` bytes is theirs. Leaves the stream at its beginning. */
static bool is_whole(FILE *stream, uint64_t length)
{
    struct source source = {stream, length, false};
    uint64_t sum = SUM_START, found = 0;
    char bytes[1 << 16];
    rewind(stream);
    while (source.left > 0 && !source.failed) {
        size_t count = source.left < sizeof bytes ? (size_t)source.left : sizeof bytes;
        get(&source, bytes, count);
        sum = source.failed ? sum : add_to_sum(sum, bytes, count);
    }
    bool whole = !source.failed && fread(&found, sizeof found, 1, stream) == 1 && found == sum;
    rewind(stream);
    return whole;
}

/* A length and its bytes, with a NUL behind them; NULL, and failed, where they are not there, or without memory. */
static char *get_bytes(struct source *source, uint64_t *length)
{
    get(source, length, sizeof *length);
    source->failed |= *length > source->left;
    char *bytes = source->failed ? NULL : malloc((size_t)*length + 1);
    if (!bytes)
        return NULL;
    get(source, bytes, (size_t)*length);
    bytes[*length] = '\0';
    return bytes;
}

static int not_got(const struct checkpoint *checkpoint, const struct source *source, struct error *error)
{
    return source->failed ? damaged(checkpoint, error)
                          : error_set(error, ERROR_RESOURCE, "out of memory for the checkpoint %s", checkpoint->path);
}

static int get_slots(struct checkpoint *checkpoint, struct source *source, struct error *error)
{
    for (int i = 0; i < checkpoint->count; i++) {
        uint64_t length;
        char *bytes = get_bytes(source, &length);
        if (!bytes)
            return not_got(checkpoint, source, error);
        if (length > 0)
            checkpoint_put(checkpoint, i, bytes, (size_t)length);
        else
            free(bytes);
    }
    return source->failed || source->left > 0 ? damaged(checkpoint, error) : ERROR_NONE;
}

/* Whose it is, and what it holds. */
static int get_runs(struct checkpoint *checkpoint, struct source *source, checkpoint_difference *difference,
                    struct error *error)
{
    uint64_t length, count = 0;
    char *identity = get_bytes(source, &length);
    if (!identity)
        return not_got(checkpoint, source, error);
    get(source, &count, sizeof count);
    bool same = strcmp(identity, checkpoint->identity) == 0 && count == (uint64_t)checkpoint->count;
    int code = source->failed ? damaged(checkpoint, error)
               : same         ? get_slots(checkpoint, source, error)
                              : of_others(checkpoint, identity, difference, error);
    free(identity);
    return code;
}

/* Nothing in the file is believed before its sum. */
static int read_stream(struct checkpoint *checkpoint, FILE *stream, checkpoint_difference *difference,
                       struct error *error)
{
    char magic[sizeof MAGIC] = {0};
    fseeko(stream, 0, SEEK_END);
    off_t size = ftello(stream);
    rewind(stream);
    if (fread(magic, sizeof magic, 1, stream) != 1 || memcmp(magic, MAGIC, STEM) != 0)
        return foreign(checkpoint, error);
    struct source source = {stream, size < (off_t)sizeof(uint64_t) ? 0 : (uint64_t)size - sizeof(uint64_t), false};
    if (!is_whole(stream, source.left))
        return damaged(checkpoint, error);
    if (memcmp(magic, MAGIC, sizeof MAGIC) != 0)
        return error_set(error, ERROR_RESOURCE,
                         "%s: a checkpoint of another version of this program; give another name", checkpoint->path);
    get(&source, magic, sizeof magic);
    return get_runs(checkpoint, &source, difference, error);
}

/* Nothing where there is no file. A pipe is not opened: that waits for whoever writes to it. */
static int read_file(struct checkpoint *checkpoint, checkpoint_difference *difference, struct error *error)
{
    struct stat status;
    if (stat(checkpoint->path, &status) == 0 && !S_ISREG(status.st_mode))
        return error_set(error, ERROR_RESOURCE, "'%s' is no checkpoint: it is no regular file", checkpoint->path);
    FILE *stream = fopen(checkpoint->path, "rb");
    if (!stream && errno == ENOENT)
        return ERROR_NONE;
    if (!stream)
        return error_set(error, ERROR_RESOURCE, "%s: %s", checkpoint->path, strerror(errno));
    int code = read_stream(checkpoint, stream, difference, error);
    fclose(stream);
    return code;
}

static int take_places(const struct checkpoint *checkpoint, struct error *error)
{
    int code = place_keep(checkpoint->path, KEPT, error);
    if (code == ERROR_NONE)
        code = place_write(checkpoint->temporary, WRITER, error);
    return code == ERROR_NONE ? place_vacant(checkpoint->temporary, error) : code;
}

/* What was under way when a process was killed. */
static void remove_left(const struct checkpoint *checkpoint)
{
    struct stat status;
    if (lstat(checkpoint->temporary, &status) == 0 && S_ISREG(status.st_mode))
        unlink(checkpoint->temporary);
}

/* A link stays one: the file that it leads to is replaced. */
static int find_place(struct checkpoint *checkpoint, struct error *error)
{
    char place[PATH_MAX];
    int descriptor;
    errno = ENAMETOOLONG;
    if (snprintf(place, sizeof place, "%s", checkpoint->path) >= PATH_MAX || place_follow(place, &descriptor) < 0)
        return error_set(error, ERROR_RESOURCE, "%s: %s", checkpoint->path, strerror(errno));
    checkpoint->place = strdup(place);
    return checkpoint->place && asprintf(&checkpoint->temporary, "%s.new", place) >= 0
               ? ERROR_NONE
               : error_set(error, ERROR_RESOURCE, "out of memory for the checkpoint %s", checkpoint->path);
}

int checkpoint_open(struct checkpoint *checkpoint, const char *path, const char *identity, int count,
                    checkpoint_difference *difference, struct error *error)
{
    *checkpoint = (struct checkpoint){path,  identity, calloc((size_t)count, sizeof *checkpoint->slots),
                                      count, NULL,     NULL};
    int code = checkpoint->slots ? find_place(checkpoint, error)
                                 : error_set(error, ERROR_RESOURCE, "out of memory for %d runs", count);
    if (code == ERROR_NONE)
        code = take_places(checkpoint, error);
    if (code == ERROR_NONE)
        code = read_file(checkpoint, difference, error);
    if (code == ERROR_NONE)
        remove_left(checkpoint);
    else
        checkpoint_free(checkpoint);
    return code;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    for (int i = 0; checkpoint->slots && i < checkpoint->count; i++)
        free(checkpoint->slots[i].bytes);
    free(checkpoint->slots);
    place_leave(checkpoint->path, KEPT);
    place_leave(checkpoint->temporary, WRITER);
    free(checkpoint->temporary);
    free(checkpoint->place);
    *checkpoint = (struct checkpoint){0};
}

void checkpoint_put(struct checkpoint *checkpoint, int slot, char *bytes, size_t length)
{
    free(checkpoint->slots[slot].bytes);
    checkpoint->slots[slot] = (struct checkpoint_slot){bytes, length};
}

/* ---- writing ---- */

/* A stream whose bytes are summed on their way. */
struct summed {
    FILE *stream;
    uint64_t sum;
    bool failed;
};

static void put(struct summed *summed, const void *bytes, size_t length)
{
    summed->failed |= length > 0 && fwrite(bytes, 1, length, summed->stream) != length; // an empty slot has no bytes
    summed->sum = add_to_sum(summed->sum, bytes, length);
}

static bool write_stream(const struct checkpoint *checkpoint, FILE *stream)
{
    struct summed summed = {stream, SUM_START, false};
    uint64_t length = strlen(checkpoint->identity), count = (uint64_t)checkpoint->count;
    put(&summed, MAGIC, sizeof MAGIC);
    put(&summed, &length, sizeof length);
    put(&summed, checkpoint->identity, (size_t)length);
    put(&summed, &count, sizeof count);
    for (int i = 0; i < checkpoint->count; i++) {
        length = checkpoint->slots[i].length;
        put(&summed, &length, sizeof length);
        put(&summed, checkpoint->slots[i].bytes, (size_t)length);
    }
    put(&summed, &(uint64_t){summed.sum}, sizeof summed.sum);
    return !summed.failed && fflush(stream) == 0 && fsync(fileno(stream)) == 0;
}

/* The rename itself is on the disk when its folder is. */
static void sync_folder(const char *path)
{
    char *copy = strdup(path);
    int folder = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY) : -1;
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
    free(copy);
}

/* A file without a name, which is gone with the process, however that ends; NULL where the file system has none, or
 * nothing to give it one by. */
static FILE *open_nameless(const struct checkpoint *checkpoint)
{
    char *copy = strdup(checkpoint->place);
    bool can = copy && access("/proc/self/fd", X_OK) == 0;
    int file = can ? open(dirname(copy), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
    FILE *stream = file >= 0 ? fdopen(file, "w") : NULL;
    if (!stream && file >= 0)
        close(file);
    free(copy);
    return stream;
}

/* No link replaces a file: between this one and the rename that does is all the time in which kill -9 leaves it. */
static bool give_name(const struct checkpoint *checkpoint, FILE *stream)
{
    char own[64];
    snprintf(own, sizeof own, "/proc/self/fd/%d", fileno(stream));
    unlink(checkpoint->temporary);
    return linkat(AT_FDCWD, own, AT_FDCWD, checkpoint->temporary, AT_SYMLINK_FOLLOW) == 0;
}

int checkpoint_write(const struct checkpoint *checkpoint, struct error *error)
{
    if (place_vacant(checkpoint->temporary, error) != ERROR_NONE)
        return error->code;
    FILE *nameless = open_nameless(checkpoint), *stream = nameless;
    if (!stream && !(stream = place_draft(checkpoint->temporary, error)))
        return error->code;
    bool written = write_stream(checkpoint, stream) && (!nameless || give_name(checkpoint, stream));
    int reason = errno;
    if (fclose(stream) != 0 && written) {
        written = false;
        reason = errno;
    }
    if (written && rename(checkpoint->temporary, checkpoint->place) != 0) {
        written = false;
        reason = errno;
    }
    if (written)
        sync_folder(checkpoint->place);
    else
        unlink(checkpoint->temporary);
    return written ? ERROR_NONE
                   : error_set(error, ERROR_RESOURCE, "%s: cannot write the checkpoint: %s", checkpoint->path,
                               strerror(reason));
}
