/* How true the estimate of a replica's cost is that budgets and --dry-run are read by: seconds as counted
 * (course_flops) and as measured, of a model of every kind of shape. Exit status 1 where one is off by more than 2.
 *
 *   budget
 */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/limit/replica.h"
#include "sim/clock.h"
#include "sim/setting.h"

static const struct {
    bool width_limit;
    const char *settings;
} shapes[] = {
    {false, "placement=prenorm init=unit layers=4 tokens=4 width=1024 heads=512"},
    {false, "placement=prenorm init=unit layers=4 tokens=16 width=512 heads=128"},
    {false, "placement=prenorm init=unit layers=8 tokens=32 width=256 heads=4"},
    {false, "placement=prenorm init=unit layers=8 tokens=64 width=256 heads=4 mask=causal activation=gelu"},
    {false, "placement=prenorm init=unit layers=4 tokens=48 width=256 heads=4 activation=swiglu"},
    {false, "placement=prenorm init=unit layers=2 tokens=256 width=256 heads=4 mask=causal"},
    {false, "placement=prenorm init=unit layers=4 tokens=256 width=64 heads=1 mask=causal"},
    {false, "placement=prenorm init=unit layers=1 tokens=128 width=1024 heads=16"},
    {false, "placement=prenorm init=unit layers=1 tokens=2048 width=256 heads=4 mask=causal"},
    {false, "placement=prenorm init=unit layers=1 tokens=4608 width=64 heads=1 mask=causal"},
    {false, "placement=prenorm init=unit layers=1 tokens=4608 width=64 heads=1 mask=causal window=256"},
    {false, "placement=x=x+moe(x) init=unit layers=4 tokens=64 width=256"},
    {false, "placement=x=norm(x+moe(x,body=glu)) init=unit layers=4 tokens=16 width=256"},
    {false, "placement='def e(u)=wz(tanh(u)); x=x+moe(x,body=e)' init=unit layers=4 tokens=64 width=256"},
    {false,
     "placement='def e(u)=w2(u*wz(u)); x=x+moe(x,experts=4,top=2,body=e)' init=unit layers=2 tokens=4 width=256"},
    {false, "placement=x=norm(x+moe(x,experts=256,top=8,body=glu)) init=unit layers=4 tokens=16 width=256"},
    {true, "placement=x=x+moe(x) init=unit layers=4 tokens=64 width=256"},
    {true, "placement=prenorm init=unit layers=8 tokens=16 width=256 heads=4 mask=causal"},
    {true, "placement=prenorm init=unit layers=4 tokens=64 width=256 heads=4 mask=causal"},
    {true, "placement=prenorm init=unit layers=1 tokens=256 width=256 heads=4 mask=causal activation=gelu"},
    {true, "placement=prenorm init=unit layers=4 tokens=64 width=256 heads=4 mask=causal rope=1e4"},
};

static void fail(const char *what)
{
    fprintf(stderr, "budget: %s\n", what);
    exit(3);
}

/* The second of two replicas, which has its memory. */
static double measure(const struct course *course)
{
    struct replica replica;
    struct error error;
    double start = 0;
    if (replica_init(&replica, course, 1, SIZE_MAX, &error) != ERROR_NONE)
        fail(error.text);
    for (int i = 0; i < 2; i++) {
        start = clock_worked();
        if (replica_run(&replica, (uint64_t)i, NULL, &error) != ERROR_NONE)
            fail(error.text);
    }
    double seconds = clock_worked() - start;
    replica_free(&replica);
    return seconds;
}

int main(void)
{
    bool off = false;
    openblas_set_num_threads(1);
    printf("%10s %10s %7s\n", "counted/s", "taken/s", "ratio");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct model model;
        struct course course;
        struct error error;
        struct course_options options = {.width_limit = shapes[i].width_limit, .full = true};
        model_defaults(&model);
        if (setting_apply_all(&model, shapes[i].settings, &error) != ERROR_NONE ||
            model_check(&model, &error) != ERROR_NONE || course_init(&course, &model, &options, &error) != ERROR_NONE)
            fail(error.text);
        double counted = course_flops(&course) / COURSE_RATE, taken = measure(&course);
        printf("%10.2g %10.2g %7.2f  %s%s\n", counted, taken, counted / taken, shapes[i].settings,
               shapes[i].width_limit ? " (limit)" : "");
        fflush(stdout);
        off |= counted > 2 * taken || taken > 2 * counted;
        course_free(&course);
        model_free(&model);
    }
    return off;
}
