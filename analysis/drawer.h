/* A drawer of samples (sim/sampler) that takes what a store keeps and draws and keeps the rest, in the same order: what
 * is made of them has the same bits as without a store. */
#ifndef SPANSCOPE_ANALYSIS_DRAWER_H
#define SPANSCOPE_ANALYSIS_DRAWER_H

#include "analysis/store.h"

struct drawer {
    struct store *store;
    int64_t config;
    struct sampler *sampler;
    sampler_draw *draw;  /* of the samples that are not there; NULL: sampler_run */
    void *source;        /* its */
    struct wide *values; /* [cells] */
};

int drawer_init(struct drawer *drawer, struct store *store, struct sampler *sampler, uint64_t seed,
                struct error *error);
void drawer_free(struct drawer *drawer);
sampler_draw drawer_draw;

#endif
