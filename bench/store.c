/* A store of 10^6 samples, of 3 layers each: the time of appending in tenths of them, and of opening and finding one, as
 * ratios to the first tenth. Processor time, and beside it what passes, which a disk decides. Status 1 where a ratio is
 * above 2. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "analysis/store.h"
#include "sim/budget.h"
#include "sim/clock.h"
#include "sim/setting.h"

enum { TENTHS = 10, TENTH = 100000, TOGETHER = 32 };

static double processor(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static int append(struct store *store, int64_t config, const struct sampler *sampler, const struct wide *values,
                  uint64_t first, struct error *error)
{
    int code = ERROR_NONE;
    for (uint64_t i = 0; code == ERROR_NONE && i < TENTH; i++) {
        code = store_put(store, config, first + i, sampler->cells, values, error);
        if (code == ERROR_NONE && store->waiting_count == TOGETHER)
            code = store_flush(store, error);
    }
    return code == ERROR_NONE ? store_flush(store, error) : code;
}

/* Opens the file and takes its last sample, as a run that goes on does. */
static int reopen(const char *path, const struct sampler *sampler, uint64_t last, struct wide *values,
                  struct error *error)
{
    struct store store;
    int64_t config;
    uint64_t found = 0;
    int code = store_open(&store, path, STORE_WRITE, NULL, error);
    if (code != ERROR_NONE)
        return code;
    code = store_enter(&store, sampler, 1, &config, error);
    if (code == ERROR_NONE)
        code = store_next(&store, config, last, last + 1, &found, sampler->cells, values, error);
    store_close(&store);
    if (code == ERROR_NONE && found != last)
        code = error_set(error, ERROR_RESOURCE, "sample %llu is not there", (unsigned long long)last);
    return code;
}

static int bench(const char *path, const struct sampler *sampler, struct wide *values, bool *grows, struct error *error)
{
    struct store store;
    int64_t config;
    double first = 0, opened_first = 0;
    int code = ERROR_NONE;
    for (int t = 0; code == ERROR_NONE && t < TENTHS; t++) {
        double start = processor(), began = clock_now();
        code = store_open(&store, path, STORE_WRITE, NULL, error);
        if (code == ERROR_NONE)
            code = store_enter(&store, sampler, 1, &config, error);
        if (code == ERROR_NONE)
            code = append(&store, config, sampler, values, (uint64_t)t * TENTH, error);
        store_close(&store);
        double took = processor() - start, passed = clock_now() - began;
        start = processor();
        for (int i = 0; code == ERROR_NONE && i < 100; i++)
            code = reopen(path, sampler, (uint64_t)(t + 1) * TENTH - 1, values, error);
        double opened = (processor() - start) / 100;
        first = t == 0 ? took : first;
        opened_first = t == 0 ? opened : opened_first;
        *grows |= !(took / first <= 2) || !(opened / opened_first <= 2);
        printf(
            "%8d samples: appending 100000 %.2f s (%.2f passed), ratio %.2f; opening and finding %.2g ms, ratio %.2f\n",
            (t + 1) * TENTH, took, passed, took / first, 1e3 * opened, opened / opened_first);
    }
    return code;
}

int main(int argc, char **argv)
{
    char path[] = "/tmp/spanscope-store-XXXXXX";
    const char *name = argc > 1 ? argv[1] : path;
    struct model model;
    struct sampler sampler;
    struct error error = {0};
    bool grows = false;
    if (argc == 1 && mkstemp(path) < 0)
        return 1;
    model_defaults(&model);
    int code = setting_apply_all(&model, "placement=spannorm init=scaleinit layers=3 width=16 heads=2 tokens=4",
                                 &error);
    if (code == ERROR_NONE)
        code = model_check(&model, &error);
    if (code == ERROR_NONE)
        code = sampler_init(&sampler, &model, NULL, false, 1, budget_available(1), &error);
    if (code == ERROR_NONE) {
        struct wide *values = calloc(sampler.cells, sizeof *values);
        for (size_t i = 0; values && i < sampler.cells; i++)
            values[i] = wide_of(1.0 + (double)i);
        code = values ? bench(name, &sampler, values, &grows, &error) : ERROR_RESOURCE;
        free(values);
        sampler_free(&sampler);
    }
    model_free(&model);
    unlink(name);
    if (code != ERROR_NONE)
        fprintf(stderr, "%s\n", error.text);
    return code != ERROR_NONE || grows;
}
