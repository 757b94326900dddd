/* What several runs have come to, in one file that is always whole.
 *
 * The file is written without a name, or under another where the file system has no such files, flushed to the disk and
 * renamed: a killed process or a full disk leaves the one before. What a killed one leaves of the other name goes when the
 * checkpoint is opened again. It names what it belongs to (every setting of every run) and ends with a checksum over all that stands
 * before it, which is compared before anything else is believed. Numbers are the machine's own.
 */
#ifndef SPANSCOPE_TRAIN_CHECKPOINT_H
#define SPANSCOPE_TRAIN_CHECKPOINT_H

#include <stddef.h>

#include "sim/error.h"

struct checkpoint_slot {
    char *bytes; /* malloced; NULL where the run has not been saved */
    size_t length;
};

struct checkpoint {
    const char *path, *identity;
    struct checkpoint_slot *slots; /* [count] */
    int count;
    char *place;     /* the file that path leads to */
    char *temporary; /* what is written before it takes that place */
};

/* What tells two identities apart, in words that follow "a checkpoint of "; NULL where there are no better ones than
 * "other runs". */
typedef const char *checkpoint_difference(const char *own, const char *found);

/* Reads the file where there is one: ERROR_INPUT where it belongs to other runs or is in use otherwise (sim/place),
 * ERROR_RESOURCE where it cannot be read, is damaged, of another version or no checkpoint at all, or where what it is
 * written to first is no regular file. path and identity must outlive the checkpoint. difference may be NULL. */
int checkpoint_open(struct checkpoint *checkpoint, const char *path, const char *identity, int count,
                    checkpoint_difference *difference, struct error *error);
void checkpoint_free(struct checkpoint *checkpoint);

/* Takes over the bytes. */
void checkpoint_put(struct checkpoint *checkpoint, int slot, char *bytes, size_t length);

int checkpoint_write(const struct checkpoint *checkpoint, struct error *error);

#endif
