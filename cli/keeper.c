#include "cli/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "analysis/trained.h"
#include "cli/interrupt.h"
#include "cli/training.h"
#include "sim/stream.h"

static int no_memory(const struct keeper *keeper, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory for %d runs", keeper->count);
}

/* ---- in a store ---- */

char *keeper_law(void)
{
    char *samples = store_law(), *law = NULL;
    int length = samples ? asprintf(&law, "%s; training %d", samples, TRAIN_LAW) : -1;
    free(samples);
    return length >= 0 ? law : NULL;
}

static int take_stored(void *context, const struct train_run *run, char **bytes, size_t *length, struct error *error)
{
    struct keeper *keeper = context;
    bool ok = true;
    json_t *identity = training_identity(&ok, run);
    int code = ok ? trained_find(&keeper->store, keeper->law, identity, bytes, length, error)
                  : no_memory(keeper, error);
    json_decref(identity);
    return code;
}

static int keep_stored(void *context, const struct train_run *run, int64_t done, const char *bytes, size_t length,
                       struct error *error)
{
    struct keeper *keeper = context;
    bool ok = true;
    struct trained_run kept = {.law = keeper->law,
                               .run = training_identity(&ok, run),
                               .done = done,
                               .finished = train_is_finished(bytes, length)};
    int code = ok ? trained_keep(&keeper->store, &kept, bytes, length, error) : no_memory(keeper, error);
    json_decref(kept.run);
    return code;
}

/* ---- in a checkpoint ---- */

static int take_checked(void *context, const struct train_run *run, char **bytes, size_t *length, struct error *error)
{
    struct keeper *keeper = context;
    const struct checkpoint_slot *slot = &keeper->checkpoint.slots[run - keeper->runs];
    *bytes = NULL;
    if (!slot->bytes)
        return ERROR_NONE;
    *length = slot->length;
    *bytes = malloc(slot->length + 1);
    if (!*bytes)
        return no_memory(keeper, error);
    memcpy(*bytes, slot->bytes, slot->length);
    return ERROR_NONE;
}

static int keep_checked(void *context, const struct train_run *run, int64_t done, const char *bytes, size_t length,
                        struct error *error)
{
    (void)done;
    struct keeper *keeper = context;
    char *copy = malloc(length + 1);
    if (!copy)
        return no_memory(keeper, error);
    memcpy(copy, bytes, length);
    checkpoint_put(&keeper->checkpoint, (int)(run - keeper->runs), copy, length);
    return checkpoint_write(&keeper->checkpoint, error);
}

static const char LAW[] = "law", RUNS[] = "runs";

/* All that decides the runs, as text that the caller frees; NULL without memory. Builds may differ: of a run on its way,
 * what was trained is not thrown away for its last bits. */
static char *identify(const struct train_run *runs, int count)
{
    bool ok = true;
    json_t *all = json_array(), *root = json_object();
    for (int i = 0; i < count; i++)
        document_append(&ok, all, training_identity(&ok, &runs[i]));
    document_put(&ok, root, LAW, json_sprintf("%d; training %d", STREAM_LAW, TRAIN_LAW));
    document_put(&ok, root, RUNS, all);
    char *text = ok ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    return text;
}

/* Runs of a text are named by what it holds, which is no option. */
static json_t *without_bytes(json_t *identity)
{
    size_t i;
    json_t *run, *all = json_object_get(identity, RUNS);
    json_array_foreach(all, i, run)
    {
        json_object_del(run, TRAINING_BYTES);
    }
    return all;
}

static const char *difference(const char *own, const char *found)
{
    json_t *a = json_loads(own, 0, NULL), *b = json_loads(found, 0, NULL);
    const char *words = NULL;
    if (a && !json_equal(json_object_get(a, LAW), json_object_get(b, LAW)))
        words = "another version of this program, which trains otherwise; give another file";
    else if (a && json_equal(without_bytes(a), without_bytes(b)))
        words = "the same options, but the task's text has changed since; give another file";
    json_decref(a);
    json_decref(b);
    return words;
}

/* ---- either ---- */

int keeper_open(struct keeper *keeper, const struct train_run *runs, int count, const char *store,
                const char *checkpoint, struct error *error)
{
    int code = ERROR_NONE;
    *keeper = (struct keeper){.runs = runs, .count = count};
    if (store && !(keeper->law = keeper_law()))
        code = no_memory(keeper, error);
    else if (store)
        code = store_open(&keeper->store, store, STORE_WRITE, interrupt_flag(), error);
    else if (checkpoint && !(keeper->identity = identify(runs, count)))
        code = no_memory(keeper, error);
    else if (checkpoint)
        code = checkpoint_open(&keeper->checkpoint, checkpoint, keeper->identity, count, difference, error);
    if (code != ERROR_NONE)
        keeper_close(keeper);
    return code;
}

void keeper_close(struct keeper *keeper)
{
    if (keeper->store.db)
        store_close(&keeper->store);
    checkpoint_free(&keeper->checkpoint);
    free(keeper->law);
    free(keeper->identity);
    *keeper = (struct keeper){0};
}

struct train_keeper keeper_of(struct keeper *keeper)
{
    if (keeper->store.db)
        return (struct train_keeper){take_stored, keep_stored, keeper};
    if (keeper->checkpoint.slots)
        return (struct train_keeper){take_checked, keep_checked, keeper};
    return (struct train_keeper){0};
}
