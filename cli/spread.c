#include "cli/spread.h"

#include <stdlib.h>
#include <string.h>

/* Of samples that a rank has in hand. */
enum { PART_BYTES = 1 << 24, PART_MOST = 1024 };

static uint64_t part_of(size_t cells)
{
    size_t most = PART_BYTES / (cells * sizeof(struct wide));
    return most < 1 ? 1 : most < PART_MOST ? most : PART_MOST;
}

/* What stands before the values of a part. */
struct head {
    uint64_t first, done;
    int code, last; /* last: of its order */
};

struct spread_remote *spread_new(void)
{
    struct spread_remote *remotes = calloc((size_t)ranks_count(), sizeof *remotes);
    for (int r = 0; remotes && r < ranks_count(); r++)
        remotes[r].rank = r;
    return remotes;
}

void spread_free(struct spread_remote *remotes)
{
    for (int r = 0; remotes && r < ranks_count(); r++)
        free(remotes[r].values);
    free(remotes);
}

static int take_part(struct spread_remote *remote, struct error *error);

/* Parts of an earlier configuration that nobody asked for any more. */
static int drain(struct spread_remote *remote, struct error *error)
{
    int code = ERROR_NONE;
    while (code == ERROR_NONE && remote->orders > 0)
        code = take_part(remote, error);
    return code;
}

int spread_begin(struct spread_remote *remote, const struct sampler *sampler, size_t memory, int64_t point,
                 struct error *error)
{
    int code = drain(remote, error);
    struct spread_order order = {.act = SPREAD_POINT, .threads = sampler->threads, .memory = memory, .point = point};
    remote->cells = sampler->cells;
    remote->first = remote->done = remote->at = 0;
    remote->code = ERROR_NONE;
    ranks_send(remote->rank, &order, sizeof order);
    return code;
}

void spread_order(struct spread_remote *remote, uint64_t seed, uint64_t first, uint64_t count)
{
    struct spread_order order = {.act = SPREAD_DRAW, .seed = seed, .first = first, .count = count};
    remote->orders++;
    ranks_send(remote->rank, &order, sizeof order);
}

void spread_quit(void)
{
    struct spread_order order = {.act = SPREAD_QUIT};
    for (int r = 1; r < ranks_count(); r++)
        ranks_send(r, &order, sizeof order);
}

struct spread_order spread_next(void)
{
    struct spread_order order;
    ranks_receive(0, &order, sizeof order);
    return order;
}

/* ---- the rank that works ---- */

struct gathered {
    struct wide *values;
    size_t cells;
    uint64_t done;
};

static void gather(void *context, uint64_t sample, const struct wide *values)
{
    (void)sample;
    struct gathered *gathered = context;
    memcpy(gathered->values + gathered->done++ * gathered->cells, values, gathered->cells * sizeof *values);
}

int spread_work(const struct spread_order *order, struct sampler *sampler, const volatile sig_atomic_t *stop,
                struct error *error)
{
    uint64_t part = part_of(sampler->cells), left = order->count, first = order->first;
    struct wide *values = calloc((size_t)part * sampler->cells, sizeof *values);
    int code = values ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
    while (code == ERROR_NONE && left > 0) {
        struct gathered gathered = {values, sampler->cells, 0};
        uint64_t count = left < part ? left : part;
        code = sampler_run(sampler, order->seed, first, count, stop, gather, &gathered, error);
        if (code != ERROR_NONE && code != ERROR_INTERRUPTED)
            break;
        struct head head = {first, gathered.done, code, code != ERROR_NONE || count == left};
        ranks_send(0, &head, sizeof head);
        ranks_send(0, values, (size_t)gathered.done * sampler->cells * sizeof *values);
        first += count;
        left -= count;
    }
    free(values);
    return code == ERROR_INTERRUPTED ? ERROR_NONE : code; // rank 0 knows, and ends the run
}

/* ---- rank 0 ---- */

static int take_part(struct spread_remote *remote, struct error *error)
{
    struct head head;
    ranks_receive(remote->rank, &head, sizeof head);
    size_t needed = (size_t)head.done * remote->cells;
    if (needed > remote->room) {
        struct wide *grown = realloc(remote->values, needed * sizeof *grown);
        if (!grown)
            return error_set(error, ERROR_RESOURCE, "out of memory for samples of other ranks");
        remote->values = grown;
        remote->room = needed;
    }
    ranks_receive(remote->rank, remote->values, needed * sizeof *remote->values);
    remote->first = head.first;
    remote->done = head.done;
    remote->at = 0;
    remote->orders -= head.last;
    if (head.code != ERROR_NONE)
        remote->code = head.code;
    return ERROR_NONE;
}

/* What was ordered and is not asked for came from elsewhere meanwhile: it is passed over. */
int spread_receive(void *source, uint64_t seed, uint64_t first, uint64_t count, const volatile sig_atomic_t *stop,
                   sampler_visitor *visit, void *context, struct error *error)
{
    (void)seed;
    struct spread_remote *remote = source;
    uint64_t end = first + count;
    while (first < end) {
        if (remote->at == remote->done && (remote->code != ERROR_NONE || (stop && *stop)))
            return error_set(error, ERROR_INTERRUPTED, "interrupted");
        if (remote->at == remote->done) {
            int code = take_part(remote, error);
            if (code != ERROR_NONE)
                return code;
            continue;
        }
        uint64_t sample = remote->first + remote->at;
        if (sample == first) {
            visit(context, sample, remote->values + (size_t)remote->at * remote->cells);
            first++;
        }
        remote->at++;
    }
    return ERROR_NONE;
}

int spread_share(void *source, uint64_t seed, uint64_t first, uint64_t count, const volatile sig_atomic_t *stop,
                 sampler_visitor *visit, void *context, struct error *error)
{
    struct spread_all *all = source;
    int code = ERROR_NONE, ranks = ranks_count();
    uint64_t part = part_of(all->sampler->cells);
    while (code == ERROR_NONE && count > 0) {
        uint64_t share = (count + (uint64_t)ranks - 1) / (uint64_t)ranks, given[ranks];
        share = share < part ? share : part;
        uint64_t begin = first, left = count;
        for (int r = 0; r < ranks; r++) {
            given[r] = left < share ? left : share;
            if (r > 0 && given[r] > 0)
                spread_order(&all->remotes[r], seed, begin, given[r]);
            begin += given[r];
            left -= given[r];
        }
        for (int r = 0; code == ERROR_NONE && r < ranks && given[r] > 0; r++) {
            code = r == 0 ? sampler_run(all->sampler, seed, first, given[r], stop, visit, context, error)
                          : spread_receive(&all->remotes[r], seed, first, given[r], stop, visit, context, error);
            first += given[r];
        }
        count = left;
    }
    return code;
}
