/* What `run --dry-run` says against what a sample takes: processor time of both on one thread, over shapes where normals,
 * products, softmaxes, activations, observables and calls weigh differently. The ratio should be within 2; status 1
 * where one is not. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cost.h"
#include "sim/budget.h"
#include "sim/setting.h"

static const char *const shapes[] = {
    "layers=12 width=16 heads=1 tokens=1024 ffn-width=64",
    "layers=12 width=64 heads=4 tokens=512 ffn-width=256",
    "layers=1000 width=64 heads=4 tokens=8 ffn-width=256",
    "layers=1000 width=16 heads=2 tokens=4 ffn-width=64",
    "layers=8 width=512 heads=8 tokens=32 ffn-width=2048",
    "layers=2 width=2048 heads=16 tokens=16 ffn-width=8192",
    "layers=4 width=256 heads=32 tokens=256 ffn-width=1024",
    "layers=6 width=128 heads=128 tokens=128 ffn-width=512",
    "layers=24 width=128 heads=2 tokens=1 ffn-width=512",
    "layers=6 width=96 heads=3 tokens=48 ffn-width=384 activation=gelu mask=causal",
    "layers=6 width=96 heads=3 tokens=48 ffn-width=384 activation=swiglu norm=layernorm",
    "layers=6 width=128 heads=4 tokens=64 ffn-width=256 experts=8 top-k=2 placement=x=x+attn(norm(x));x=x+moe(norm(x))",
    "layers=4 width=32 heads=1 tokens=300 ffn-width=1024",
    "layers=64 width=48 heads=6 tokens=24 ffn-width=192 placement=postnorm",
    "layers=2 width=128 heads=4 tokens=16 ffn-width=512 memory-tokens=2048 placement=crossdecoder",
    "layers=2 width=64 heads=4 tokens=256 ffn-width=256 memory-tokens=16 placement=crossdecoder",
    "layers=2 width=8 heads=1 tokens=2048 ffn-width=8 placement=x=norm(x+attn(x))",
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void discard(void *context, uint64_t sample, const struct wide *values)
{
    (void)context, (void)sample, (void)values;
}

/* The ratio, or NaN. The first sample warms up. */
static double bench(const char *text, const struct linear_engine *engine, struct error *error)
{
    struct model model;
    struct sampler sampler = {0};
    struct cost_time time;
    double taken = NAN;
    model_defaults(&model);
    int code = setting_apply_all(&model, "placement=prenorm init=scaleinit", error);
    if (code == ERROR_NONE)
        code = setting_apply_all(&model, text, error);
    if (code == ERROR_NONE)
        code = model_check(&model, error);
    if (code == ERROR_NONE)
        code = sampler_init(&sampler, &model, engine, false, 1, budget_available(1), error);
    if (code == ERROR_NONE)
        code = cost_time(&sampler.stack, &time, error);
    for (uint64_t sample = 0; code == ERROR_NONE && sample < 2; sample++) {
        double start = seconds();
        code = sampler_run(&sampler, 1, sample, 1, NULL, discard, NULL, error);
        taken = seconds() - start;
    }
    if (code == ERROR_NONE)
        printf("%-12s %10.4f %10.4f %8.2f %8.2f  %s\n", engine->name, time.seconds, taken, time.seconds / taken,
               time.beyond, text);
    fflush(stdout);
    sampler_free(&sampler);
    model_free(&model);
    return code == ERROR_NONE ? time.seconds / taken : NAN;
}

int main(void)
{
    struct error error = {0};
    bool within = true;
    printf("%-12s %10s %10s %8s %8s  shape\n", "engine", "said, s", "taken, s", "ratio", "beyond");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t e = 0; e < linear_engine_count; e++) {
            double ratio = bench(shapes[i], &linear_engines[e], &error);
            within = within && ratio >= 0.5 && ratio <= 2;
            if (!isfinite(ratio))
                fprintf(stderr, "estimate: %s: %s\n", shapes[i], error.text);
        }
    return within ? EXIT_SUCCESS : EXIT_FAILURE;
}
