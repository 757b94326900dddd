#include "train/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/place.h"

static const char MAGIC[16] = "spanscope-ckpt1\n", KEPT[] = "checkpoint", WRITER[] = "the checkpoint";
enum { IDENTITY_MAX = 1 << 30 };

/* A stream whose bytes are summed on their way: FNV-1a, 64 bits. */
struct summed {
    FILE *stream;
    uint64_t sum;
    bool failed;
};

static void add_to_sum(struct summed *summed, const void *bytes, size_t length)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < length; i++)
        summed->sum = (summed->sum ^ byte[i]) * 0x100000001b3;
}

static void put(struct summed *summed, const void *bytes, size_t length)
{
    summed->failed |= length > 0 && fwrite(bytes, 1, length, summed->stream) != length; // an empty slot has no bytes
    add_to_sum(summed, bytes, length);
}

static void get(struct summed *summed, void *bytes, size_t length)
{
    summed->failed |= summed->failed || fread(bytes, 1, length, summed->stream) != length;
    if (!summed->failed)
        add_to_sum(summed, bytes, length);
}

static const uint64_t SUM_START = 0xcbf29ce484222325;

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

/* A length that the file can hold, and its bytes with a NUL behind them. */
static char *get_bytes(struct summed *summed, uint64_t room, uint64_t *length)
{
    get(summed, length, sizeof *length);
    if (summed->failed || *length > room)
        return NULL;
    char *bytes = malloc((size_t)*length + 1);
    if (!bytes)
        return NULL;
    get(summed, bytes, (size_t)*length);
    bytes[*length] = '\0';
    return bytes;
}

static int get_slots(struct checkpoint *checkpoint, struct summed *summed, uint64_t room, struct error *error)
{
    for (int i = 0; i < checkpoint->count; i++) {
        uint64_t length;
        char *bytes = get_bytes(summed, room, &length);
        if (!bytes)
            return damaged(checkpoint, error);
        if (length > 0)
            checkpoint_put(checkpoint, i, bytes, (size_t)length);
        else
            free(bytes);
    }
    uint64_t expected = summed->sum, found = 0;
    get(summed, &found, sizeof found);
    return summed->failed || found != expected ? damaged(checkpoint, error) : ERROR_NONE;
}

static int read_stream(struct checkpoint *checkpoint, FILE *stream, checkpoint_difference *difference,
                       struct error *error)
{
    struct summed summed = {stream, SUM_START, false};
    char magic[sizeof MAGIC] = {0};
    uint64_t length, count = 0;
    fseeko(stream, 0, SEEK_END);
    uint64_t room = (uint64_t)ftello(stream);
    rewind(stream);
    get(&summed, magic, sizeof magic);
    if (summed.failed || memcmp(magic, MAGIC, sizeof magic) != 0)
        return foreign(checkpoint, error);
    char *identity = get_bytes(&summed, room < IDENTITY_MAX ? room : IDENTITY_MAX, &length);
    get(&summed, &count, sizeof count);
    bool same = identity && strcmp(identity, checkpoint->identity) == 0 && count == (uint64_t)checkpoint->count;
    int code = summed.failed || !identity ? damaged(checkpoint, error)
               : same                     ? get_slots(checkpoint, &summed, room, error)
                                          : of_others(checkpoint, identity, difference, error);
    free(identity);
    return code;
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
    return code == ERROR_NONE ? place_write(checkpoint->temporary, WRITER, error) : code;
}

int checkpoint_open(struct checkpoint *checkpoint, const char *path, const char *identity, int count,
                    checkpoint_difference *difference, struct error *error)
{
    *checkpoint = (struct checkpoint){path, identity, calloc((size_t)count, sizeof *checkpoint->slots), count, NULL};
    int code = checkpoint->slots && asprintf(&checkpoint->temporary, "%s.new", path) >= 0
                   ? take_places(checkpoint, error)
                   : error_set(error, ERROR_RESOURCE, "out of memory for %d runs", count);
    if (code == ERROR_NONE)
        code = read_file(checkpoint, difference, error);
    if (code != ERROR_NONE)
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
    *checkpoint = (struct checkpoint){0};
}

void checkpoint_put(struct checkpoint *checkpoint, int slot, char *bytes, size_t length)
{
    free(checkpoint->slots[slot].bytes);
    checkpoint->slots[slot] = (struct checkpoint_slot){bytes, length};
}

/* ---- writing ---- */

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

int checkpoint_write(const struct checkpoint *checkpoint, struct error *error)
{
    FILE *stream = fopen(checkpoint->temporary, "wb");
    bool written = stream && write_stream(checkpoint, stream);
    int reason = errno;
    if (stream && fclose(stream) != 0 && written) {
        written = false;
        reason = errno;
    }
    if (written && rename(checkpoint->temporary, checkpoint->path) != 0) {
        written = false;
        reason = errno;
    }
    if (written)
        sync_folder(checkpoint->path);
    else if (stream)
        unlink(checkpoint->temporary);
    return written ? ERROR_NONE
                   : error_set(error, ERROR_RESOURCE, "%s: cannot write the checkpoint: %s", checkpoint->path,
                               strerror(reason));
}
