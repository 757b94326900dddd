#include "analysis/claims/memo.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/bounds/hypothesis.h"

void memo_free(struct memo *memo)
{
    for (size_t i = 0; i < memo->count; i++)
        free(memo->runs[i].bytes);
    free(memo->runs);
    *memo = (struct memo){0};
}

/* Trainings are compared first: they tell nearly all apart, and models have many settings. */
static const struct memo_run *find(const struct memo *memo, const struct train_run *run)
{
    for (size_t i = 0; i < memo->count; i++) {
        const struct train_run *other = &memo->runs[i].run;
        if (training_same(&other->training, &run->training) && hypothesis_same(&other->model, &run->model))
            return &memo->runs[i];
    }
    return NULL;
}

static char *copy(const char *bytes, size_t length, struct error *error)
{
    char *own = malloc(length + 1);
    if (own)
        memcpy(own, bytes, length);
    else
        error_set(error, ERROR_RESOURCE, "out of memory for a run of %zu bytes", length);
    return own;
}

static int take(void *context, const struct train_run *run, char **bytes, size_t *length, struct error *error)
{
    const struct memo_run *found = find(context, run);
    *bytes = NULL;
    if (!found)
        return ERROR_NONE;
    *length = found->length;
    *bytes = copy(found->bytes, found->length, error);
    return *bytes ? ERROR_NONE : (int)error->code;
}

static int make_room(struct memo *memo, struct error *error)
{
    if (memo->count < memo->room)
        return ERROR_NONE;
    size_t room = 2 * memo->room + 16;
    struct memo_run *runs = reallocarray(memo->runs, room, sizeof *runs);
    if (!runs)
        return error_set(error, ERROR_RESOURCE, "out of memory for %zu runs", room);
    memo->runs = runs;
    memo->room = room;
    return ERROR_NONE;
}

/* Of runs that were stopped nothing is kept. */
static int keep(void *context, const struct train_run *run, int64_t done, const char *bytes, size_t length,
                struct error *error)
{
    struct memo *memo = context;
    (void)done;
    if (!train_is_finished(bytes, length) || find(memo, run))
        return ERROR_NONE;
    int code = make_room(memo, error);
    char *own = code == ERROR_NONE ? copy(bytes, length, error) : NULL;
    if (!own)
        return (int)error->code;
    memo->runs[memo->count++] = (struct memo_run){{.model = run->model, .training = run->training}, own, length};
    return ERROR_NONE;
}

struct train_keeper memo_keeper(struct memo *memo)
{
    return (struct train_keeper){take, keep, memo};
}
