/* How true the estimates are that budgets and --dry-run are read by, of a model of every kind of shape: seconds of a
 * replica as counted (course_flops) and as measured, and the memory of a prediction (effort_measure) against what a
 * process that makes it has at most beyond one that does nothing. Exit status 1 where one is off by more than 2.
 *
 *   budget
 */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/limit/effort.h"
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

/* What is said of a shape and what it takes, as a process of its own knows it: others then begin as small as this one. */
struct report {
    double counted, taken; /* seconds of a replica */
    double said;           /* bytes of a prediction */
};

struct shape {
    struct model model;
    struct course_options reading;
    struct moments_options options;
    struct report *report;
};

static void shape_init(struct shape *shape, size_t i, struct report *report)
{
    struct error error;
    *shape = (struct shape){.reading = {.width_limit = shapes[i].width_limit, .full = true},
                            .options = moments_defaults(),
                            .report = report};
    shape->options.width_limit = shapes[i].width_limit;
    shape->options.full = true;
    shape->options.replicas = 3;
    shape->options.budget = 1e-3;
    shape->options.threads = 1 + (int)(i % 2);
    model_defaults(&shape->model);
    if (setting_apply_all(&shape->model, shapes[i].settings, &error) != ERROR_NONE ||
        model_check(&shape->model, &error) != ERROR_NONE)
        fail(error.text);
}

static void nothing(const struct shape *shape)
{
    (void)shape;
}

static void ask(const struct shape *shape)
{
    struct course course;
    struct effort effort;
    struct error error;
    if (course_init(&course, &shape->model, &shape->reading, &error) != ERROR_NONE)
        fail(error.text);
    shape->report->counted = course_flops(&course) / COURSE_RATE;
    shape->report->taken = measure(&course);
    course_free(&course);
    if (effort_measure(&effort, &shape->model, &shape->options, &error) != ERROR_NONE)
        fail(error.text);
    shape->report->said = (double)effort.bytes;
}

static void predict(const struct shape *shape)
{
    struct moments moments;
    struct error error;
    if (moments_predict(&shape->model, &shape->options, &moments, &error) != ERROR_NONE)
        fail(error.text);
    moments_free(&moments);
}

/* Bytes that a process has had at most which does this. */
static double most_bytes(void (*work)(const struct shape *shape), const struct shape *shape)
{
    struct rusage usage;
    int status;
    pid_t child = fork();
    if (child == 0) {
        work(shape);
        _exit(0);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("a process of a shape has failed");
    return 1024. * (double)usage.ru_maxrss;
}

static bool is_off(double said, double is)
{
    return !(said <= 2 * is && is <= 2 * said);
}

int main(void)
{
    bool off = false;
    struct report *report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED)
        fail("out of memory");
    openblas_set_num_threads(1);
    printf("%10s %10s %7s %10s %10s %7s\n", "counted/s", "taken/s", "ratio", "said/MB", "had/MB", "ratio");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct shape shape;
        shape_init(&shape, i, report);
        most_bytes(ask, &shape);
        double had = most_bytes(predict, &shape) - most_bytes(nothing, &shape), said = report->said;
        printf("%10.2g %10.2g %7.2f %10.3g %10.3g %7.2f  %s%s\n", report->counted, report->taken,
               report->counted / report->taken, said / 1e6, had / 1e6, said / had, shapes[i].settings,
               shapes[i].width_limit ? " (limit)" : "");
        fflush(stdout);
        off |= is_off(report->counted, report->taken) || is_off(said, had);
        model_free(&shape.model);
    }
    return off;
}
