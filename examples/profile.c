/* What a block does to signals and gradients, by libspanscope: samples beside their prediction, floor and ceiling.
 *
 *     cc profile.c $(pkg-config --cflags --libs spanscope) -o profile
 *     ./profile "placement='y = norm(x + attn(x)); x = norm(x + ffn(y))' layers=4 width=128"
 */
#include <spanscope.h>
#include <stdio.h>

/* The column of a profile; NULL, having said why, where there is none. */
static const double *column(const spanscope_profile *profile, const char *name, enum spanscope_statistic statistic)
{
    struct spanscope_error error;
    int i = spanscope_profile_find(profile, name, &error);
    if (i < 0)
        fprintf(stderr, "profile: %s\n", error.text);
    return i < 0 ? NULL : spanscope_profile_column(profile, i, statistic);
}

static int print(const spanscope_profile *samples, const spanscope_profile *limit, const spanscope_profile *bounds)
{
    static const char g[] = "gradient_variance";
    const double *mean = column(samples, g, SPANSCOPE_MEAN), *se = column(samples, g, SPANSCOPE_SE),
                 *predicted = column(limit, g, SPANSCOPE_MEAN), *floor = column(bounds, g, SPANSCOPE_FLOOR),
                 *ceiling = column(bounds, g, SPANSCOPE_CEILING);
    if (!mean || !se || !predicted || !floor || !ceiling)
        return 1;
    printf("layer,gradient_variance,se,predicted,floor,ceiling\n");
    for (int l = 0; l <= spanscope_profile_layers(samples); l++)
        printf("%d,%.17g,%.17g,%.17g,%.17g,%.17g\n", l, mean[l], se[l], predicted[l], floor[l], ceiling[l]);
    return 0;
}

int main(int argc, char **argv)
{
    struct spanscope_error error;
    spanscope_profile *samples = NULL, *limit = NULL, *bounds = NULL;
    spanscope_model *model = spanscope_model_new(argc > 1 ? argv[1] : "layers=4 width=128", &error);
    if (model)
        samples = spanscope_sample(model, &(struct spanscope_sampling){.samples = 8, .seed = 1}, &error);
    if (samples)
        limit = spanscope_predict(model, &(struct spanscope_prediction){.width_limit = 1}, &error);
    if (limit)
        bounds = spanscope_bound(model, 0, &error);
    int status = bounds ? print(samples, limit, bounds) : 2;
    if (!bounds)
        fprintf(stderr, "profile: %s\n", error.text);
    spanscope_profile_free(bounds);
    spanscope_profile_free(limit);
    spanscope_profile_free(samples);
    spanscope_model_free(model);
    return status;
}
