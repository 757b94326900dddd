/* 2000 small configurations in one command against the time of their samples: processor time of the command, over that of
 * the same samples drawn one model after the other, models made before. The ratio should be at most 1.3; status 1 where it
 * is not. Usage: many [SPANSCOPE], build/spanscope unless said. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "sim/budget.h"
#include "sim/sampler.h"
#include "sim/setting.h"

enum { WIDTHS = 50, DEPTHS = 20, SAMPLES = 16 };
static const char *const placements[] = {"prenorm", "spannorm"};

static double processor(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void discard(void *context, uint64_t sample, const struct wide *values)
{
    (void)context, (void)sample, (void)values;
}

/* Adds the time of the samples alone. */
static int draw(const char *placement, int layers, int width, double *seconds, struct error *error)
{
    struct model model;
    struct sampler sampler;
    char text[128];
    snprintf(text, sizeof text, "placement=%s init=scaleinit layers=%d width=%d heads=2 tokens=4 ffn-width=%d",
             placement, layers, width, 4 * width);
    model_defaults(&model);
    int code = setting_apply_all(&model, text, error);
    if (code == ERROR_NONE)
        code = model_check(&model, error);
    if (code == ERROR_NONE)
        code = sampler_init(&sampler, &model, NULL, false, 1, budget_available(1), error);
    if (code == ERROR_NONE) {
        double start = processor();
        code = sampler_run(&sampler, 1, 0, SAMPLES, NULL, discard, NULL, error);
        *seconds += processor() - start;
        sampler_free(&sampler);
    }
    model_free(&model);
    return code;
}

static double of_children(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    struct error error = {0};
    char command[512];
    double samples = 0;
    int code = ERROR_NONE;
    for (int p = 0; p < 2; p++)
        for (int l = 0; l < DEPTHS; l++)
            for (int w = 0; code == ERROR_NONE && w < WIDTHS; w++)
                code = draw(placements[p], 2 + l, 16 + 2 * w, &samples, &error);
    snprintf(command, sizeof command,
             "'%s' run -p prenorm,spannorm -L 2:21:20 -d 16:114:50 -H 2 -T 4 -n %d -j 1 --quiet --quantity "
             "gradient_ratio -f csv > /dev/null",
             argc > 1 ? argv[1] : "build/spanscope", SAMPLES);
    int status = code == ERROR_NONE ? system(command) : -1;
    if (code != ERROR_NONE || status != 0) {
        fprintf(stderr, "%s\n", code != ERROR_NONE ? error.text : "the command failed");
        return 1;
    }
    double ratio = of_children() / samples;
    printf("%d configurations of %d samples: %.2f s, their samples %.2f s, ratio %.2f\n", 2 * WIDTHS * DEPTHS, SAMPLES,
           of_children(), samples, ratio);
    return !(ratio <= 1.3);
}
