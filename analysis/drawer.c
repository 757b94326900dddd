#include "analysis/drawer.h"

#include <stdlib.h>

int drawer_init(struct drawer *drawer, struct store *store, struct sampler *sampler, uint64_t seed, struct error *error)
{
    *drawer = (struct drawer){.store = store, .sampler = sampler};
    drawer->values = calloc(sampler->cells, sizeof *drawer->values);
    if (!drawer->values)
        return store_no_memory(store, error);
    int code = store_enter(store, sampler, seed, &drawer->config, error);
    if (code != ERROR_NONE)
        drawer_free(drawer);
    return code;
}

void drawer_free(struct drawer *drawer)
{
    free(drawer->values);
    drawer->values = NULL;
}

/* The visitor of samples that are drawn: they are kept before they are seen, by as many as a thread hands over. */
struct keeper {
    struct drawer *drawer;
    sampler_visitor *visit;
    void *context;
    int code;
    struct error error;
};

static void keep(void *context, uint64_t sample, const struct wide *values)
{
    struct keeper *keeper = context;
    struct drawer *drawer = keeper->drawer;
    struct sampler *sampler = drawer->sampler;
    if (keeper->code != ERROR_NONE)
        return;
    keeper->code = store_put(drawer->store, drawer->config, sample, sampler->cells, values, &keeper->error);
    if (keeper->code == ERROR_NONE && drawer->store->waiting_count >= sampler->chunk)
        keeper->code = store_flush(drawer->store, &keeper->error);
    if (keeper->code == ERROR_NONE)
        keeper->visit(keeper->context, sample, values);
    sampler->refused = keeper->code != ERROR_NONE;
}

static int draw_missing(struct drawer *drawer, uint64_t seed, uint64_t first, uint64_t count,
                        const volatile sig_atomic_t *stop, sampler_visitor *visit, void *context, struct error *error)
{
    struct keeper keeper = {.drawer = drawer, .visit = visit, .context = context};
    int code = drawer->draw ? drawer->draw(drawer->source, seed, first, count, stop, keep, &keeper, error)
                            : sampler_run(drawer->sampler, seed, first, count, stop, keep, &keeper, error);
    drawer->sampler->refused = false;
    if (keeper.code == ERROR_NONE)
        keeper.code = store_flush(drawer->store, &keeper.error);
    if (keeper.code == ERROR_NONE)
        return code;
    *error = keeper.error;
    return keeper.code;
}

int drawer_draw(void *context, uint64_t seed, uint64_t first, uint64_t count, const volatile sig_atomic_t *stop,
                sampler_visitor *visit, void *visit_context, struct error *error)
{
    struct drawer *drawer = context;
    uint64_t end = first + count, next;
    for (int code; first < end; first = next) {
        code = store_next(drawer->store, drawer->config, first, end, &next, drawer->sampler->cells, drawer->values,
                          error);
        if (code == ERROR_NONE && stop && *stop)
            code = error_set(error, ERROR_INTERRUPTED, "interrupted");
        if (code == ERROR_NONE && next > first)
            code = draw_missing(drawer, seed, first, next - first, stop, visit, visit_context, error);
        if (code != ERROR_NONE)
            return code;
        if (next < end)
            visit(visit_context, next++, drawer->values);
    }
    return ERROR_NONE;
}
