/* Many samples of one stack in parallel, handed over in order.
 *
 * A sample's numbers depend on the seed and its own index only, and the visitor sees samples in the order of their
 * indices: results are the same bits for any number of threads.
 */
#ifndef SPANSCOPE_SIM_SAMPLER_H
#define SPANSCOPE_SIM_SAMPLER_H

#include <signal.h>

#include "sim/stack.h"

/* values[(L + 1) * column_count] of one sample; called for one sample at a time, in order. */
typedef void sampler_visitor(void *context, uint64_t sample, const struct wide *values);

struct sampler {
    struct stack stack;
    __typeof__(stack_sample) *sample; /* of the model's precision */
    int threads;
    struct stack_workspace *workspaces; /* [threads] */
    size_t cells;                       /* of one sample's values */
    int chunk;                          /* samples that a thread draws before it hands them over, at most */
    struct wide **values;               /* [threads] of [chunk][cells] */
    bool refused;                       /* a visitor sets it where no further sample is of use */
};

/* What hands samples first .. first + count - 1 to a visitor, in order: sampler_run, or something that has them. */
typedef int sampler_draw(void *source, uint64_t seed, uint64_t first, uint64_t count, const volatile sig_atomic_t *stop,
                         sampler_visitor *visit, void *context, struct error *error);

/* Decides all but allocates only the blocks: for sampler_bytes. Free with sampler_free. */
int sampler_plan(struct sampler *sampler, const struct model *model, const struct linear_engine *engine, bool per_token,
                 int threads, size_t memory, struct error *error);

/* Of all threads, with one estimate of every cell. */
size_t sampler_bytes(const struct sampler *sampler);

/* engine: NULL for the cheaper, as stack_init. memory: bytes for all threads together. The model must outlive the
 * sampler. BLAS is set to one thread. */
int sampler_init(struct sampler *sampler, const struct model *model, const struct linear_engine *engine, bool per_token,
                 int threads, size_t memory, struct error *error);
void sampler_free(struct sampler *sampler);

/* Samples first .. first + count - 1. When *stop becomes nonzero (stop may be NULL), samples under way are dropped within
 * a block's time, those that are done in unbroken order are visited and ERROR_INTERRUPTED is returned. An unbroken
 * beginning, because a run of just so many samples is then the same run: what was saved can be made again, and continued
 * from where it ended. */
int sampler_run(struct sampler *sampler, uint64_t seed, uint64_t first, uint64_t count,
                const volatile sig_atomic_t *stop, sampler_visitor *visit, void *context, struct error *error);

#endif
