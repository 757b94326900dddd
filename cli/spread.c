#include "cli/spread.h"

#include <stdlib.h>
#include <string.h>

#include "sim/clock.h"

/* Of samples that a rank has in hand. */
enum { PART_BYTES = 1 << 24, PART_MOST = 1024 };

uint64_t spread_part_most(size_t cells)
{
    size_t most = PART_BYTES / (cells * sizeof(struct wide));
    return most < 1 ? 1 : most < PART_MOST ? most : PART_MOST;
}

/* What stands before the values of a part. */
struct head {
    uint64_t first, done;
    int code, last; /* last: of its order */
};

struct spread_part {
    struct spread_part *next;
    uint64_t first, done, at;
    struct wide values[]; /* [done][cells] */
};

int spread_init(struct spread *spread, struct store *store, struct error *error)
{
    *spread = (struct spread){store, calloc((size_t)ranks_count(), sizeof *spread->remotes)};
    return spread->remotes ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory for %d ranks", ranks_count());
}

static void drop_first(struct spread_remote *remote)
{
    struct spread_part *first = remote->first;
    remote->first = first->next;
    free(first);
}

static void drop_all(struct spread_remote *remote)
{
    while (remote->first)
        drop_first(remote);
}

void spread_free(struct spread *spread)
{
    for (int r = 0; spread->remotes && r < ranks_count(); r++)
        drop_all(&spread->remotes[r]);
    free(spread->remotes);
    *spread = (struct spread){0};
}

/* ---- rank 0: what arrives ---- */

static int keep(struct spread *spread, const struct spread_remote *remote, const struct spread_part *part,
                struct error *error)
{
    int code = ERROR_NONE;
    for (uint64_t i = 0; code == ERROR_NONE && i < part->done; i++)
        code = store_put(spread->store, remote->config, part->first + i, remote->cells,
                         part->values + i * remote->cells, error);
    return code == ERROR_NONE ? store_flush(spread->store, error) : code;
}

static int take_part(struct spread *spread, int rank, struct error *error)
{
    struct spread_remote *remote = &spread->remotes[rank];
    struct head head;
    ranks_receive(rank, &head, sizeof head);
    size_t bytes = (size_t)head.done * remote->cells * sizeof(struct wide);
    struct spread_part *part = malloc(sizeof *part + bytes);
    if (!part)
        return error_set(error, ERROR_RESOURCE, "out of memory for samples of other ranks");
    *part = (struct spread_part){.first = head.first, .done = head.done};
    ranks_receive(rank, part->values, bytes);
    *(remote->first ? &remote->last->next : &remote->first) = part;
    remote->last = part;
    remote->orders -= head.last;
    if (head.code != ERROR_NONE)
        remote->code = head.code;
    return spread->store ? keep(spread, remote, part, error) : ERROR_NONE;
}

/* ---- rank 0: orders ---- */

int spread_begin(struct spread *spread, int rank, const struct sampler *sampler, uint64_t seed, size_t memory,
                 int64_t point, struct error *error)
{
    struct spread_remote *remote = &spread->remotes[rank];
    struct spread_order order = {.act = SPREAD_POINT, .threads = sampler->threads, .memory = memory, .point = point};
    while (remote->orders > 0) { // of an earlier configuration, which nobody asked for any more
        int code = take_part(spread, rank, error);
        if (code != ERROR_NONE)
            return code;
    }
    drop_all(remote);
    remote->cells = sampler->cells;
    remote->code = ERROR_NONE;
    ranks_send(rank, &order, sizeof order);
    return spread->store ? store_enter(spread->store, sampler, seed, &remote->config, error) : ERROR_NONE;
}

void spread_order(struct spread *spread, int rank, uint64_t seed, uint64_t first, uint64_t count)
{
    struct spread_order order = {.act = SPREAD_DRAW, .seed = seed, .first = first, .count = count};
    spread->remotes[rank].orders++;
    ranks_send(rank, &order, sizeof order);
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

static const double HAND_OVER_EVERY = 1, PUSH_EVERY = 0.1; // seconds

struct gathered {
    struct wide *values;
    size_t cells;
    uint64_t first, done; /* not yet sent */
    double sent;          /* the last time, seconds */
    struct ticker ticker; /* hands over, however long a sample takes */
};

static void send_part(struct gathered *gathered, int code, bool last)
{
    struct head head = {gathered->first, gathered->done, code, last};
    ranks_send(0, &head, sizeof head);
    ranks_send(0, gathered->values, (size_t)gathered->done * gathered->cells * sizeof *gathered->values);
    gathered->first += gathered->done;
    gathered->done = 0;
    gathered->sent = clock_now();
}

static void hand_over(void *context)
{
    struct gathered *gathered = context;
    if (gathered->done > 0 && clock_now() - gathered->sent > HAND_OVER_EVERY)
        send_part(gathered, ERROR_NONE, false);
    ranks_push();
}

static void gather(void *context, uint64_t sample, const struct wide *values)
{
    (void)sample;
    struct gathered *gathered = context;
    ticker_lock(&gathered->ticker);
    memcpy(gathered->values + gathered->done++ * gathered->cells, values, gathered->cells * sizeof *values);
    if (!gathered->ticker.runs)
        hand_over(gathered);
    ticker_unlock(&gathered->ticker);
}

int spread_work(const struct spread_order *order, struct sampler *sampler, const volatile sig_atomic_t *stop,
                struct error *error)
{
    uint64_t most = spread_part_most(sampler->cells), left = order->count;
    struct gathered gathered = {calloc((size_t)most * sampler->cells, sizeof *gathered.values),
                                sampler->cells,
                                order->first,
                                0,
                                clock_now(),
                                {0}};
    ticker_start(&gathered.ticker, PUSH_EVERY, hand_over, &gathered);
    int code = gathered.values ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
    while (code == ERROR_NONE && left > 0) {
        uint64_t count = left < most ? left : most;
        code = sampler_run(sampler, order->seed, order->first + order->count - left, count, stop, gather, &gathered,
                           error);
        if (code != ERROR_NONE && code != ERROR_INTERRUPTED)
            break;
        left -= count;
        ticker_lock(&gathered.ticker);
        send_part(&gathered, code, code != ERROR_NONE || left == 0);
        ticker_unlock(&gathered.ticker);
    }
    ticker_stop(&gathered.ticker);
    free(gathered.values);
    return code == ERROR_INTERRUPTED ? ERROR_NONE : code; // rank 0 knows, and ends the run
}

/* ---- rank 0: drawers ---- */

/* What was ordered and is not asked for came from elsewhere meanwhile: it is passed over. */
int spread_receive(void *context, uint64_t seed, uint64_t first, uint64_t count, const volatile sig_atomic_t *stop,
                   sampler_visitor *visit, void *visit_context, struct error *error)
{
    (void)seed;
    const struct spread_source *source = context;
    struct spread_remote *remote = &source->spread->remotes[source->rank];
    uint64_t end = first + count;
    while (first < end) {
        struct spread_part *part = remote->first;
        if (part && part->at < part->done) {
            uint64_t sample = part->first + part->at;
            if (sample == first) {
                visit(visit_context, sample, part->values + (size_t)part->at * remote->cells);
                first++;
            }
            part->at++;
            continue;
        }
        if (part) {
            drop_first(remote);
            continue;
        }
        if (remote->code != ERROR_NONE || (stop && *stop))
            return error_set(error, ERROR_INTERRUPTED, "interrupted");
        int code = take_part(source->spread, ranks_first(), error);
        if (code != ERROR_NONE)
            return code;
    }
    return ERROR_NONE;
}

static const double LISTEN_EVERY = 0.5; // seconds

static void take_all(void *context)
{
    struct spread_source *source = context;
    int from;
    while (source->code == ERROR_NONE && ranks_waiting(&from))
        source->code = take_part(source->spread, from, &source->error);
}

void spread_listen(struct spread_source *source)
{
    ticker_start(&source->ticker, ranks_count() > 1 ? LISTEN_EVERY : 0, take_all, source);
}

int spread_hush(struct spread_source *source, struct error *error)
{
    ticker_stop(&source->ticker);
    if (source->code != ERROR_NONE)
        *error = source->error;
    return source->code;
}

/* A visitor that takes turns with what listens. */
struct listener {
    struct spread_source *source;
    sampler_visitor *visit;
    void *context;
};

static void take_turns(void *context, uint64_t sample, const struct wide *values)
{
    const struct listener *listener = context;
    struct spread_source *source = listener->source;
    ticker_lock(&source->ticker);
    listener->visit(listener->context, sample, values);
    if (!source->ticker.runs)
        take_all(source);
    source->sampler->refused |= source->code != ERROR_NONE;
    ticker_unlock(&source->ticker);
}

int spread_own(void *context, uint64_t seed, uint64_t first, uint64_t count, const volatile sig_atomic_t *stop,
               sampler_visitor *visit, void *visit_context, struct error *error)
{
    struct spread_source *source = context;
    struct listener listener = {source, visit, visit_context};
    spread_listen(source);
    int code = sampler_run(source->sampler, seed, first, count, stop, take_turns, &listener, error);
    int heard = spread_hush(source, error);
    source->sampler->refused = false;
    return heard == ERROR_NONE ? code : heard;
}

int spread_share(void *context, uint64_t seed, uint64_t first, uint64_t count, const volatile sig_atomic_t *stop,
                 sampler_visitor *visit, void *visit_context, struct error *error)
{
    struct spread_source *source = context;
    int code = ERROR_NONE, ranks = ranks_count();
    uint64_t part = spread_part_most(source->sampler->cells);
    while (code == ERROR_NONE && count > 0) {
        uint64_t share = (count + (uint64_t)ranks - 1) / (uint64_t)ranks, given[ranks];
        share = share < part ? share : part;
        uint64_t begin = first, left = count;
        for (int r = 0; r < ranks; r++) {
            given[r] = left < share ? left : share;
            if (r > 0 && given[r] > 0)
                spread_order(source->spread, r, seed, begin, given[r]);
            begin += given[r];
            left -= given[r];
        }
        for (int r = 0; code == ERROR_NONE && r < ranks && given[r] > 0; r++) {
            source->rank = r;
            code = (r == 0 ? spread_own : spread_receive)(source, seed, first, given[r], stop, visit, visit_context,
                                                          error);
            first += given[r];
        }
        count = left;
    }
    return code;
}
