#include "tests/cells.h"

#include <check.h>
#include <math.h>

void cells_predict(struct profile *profile, const struct model *model, const struct moments_options *options)
{
    struct error error = {0};
    int code = profile_predict(profile, model, options, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
}

/* What a cell's gap is relative to: itself, 1 for cosines, the whole gradient for its token-specific part (a norm's
 * projection, of order 1/d, tells tokens apart). Where tokens are equal but for rounding, so are the products of their
 * differences that wq's and wk's gradients are made of: squares of 1e-12 count as 0. */
static double unit_of(const struct profile *profile, int layer, int column)
{
    enum observe_id id = profile->schema->columns[column].observable;
    double own = fabs(wide_value(estimate_mean(profile_cell(profile, layer, column))));
    int whole = profile->schema->layer_column[OBSERVE_GRADIENT_VARIANCE];
    double gradient = wide_value(estimate_mean(profile_cell(profile, layer, whole)));
    if (observables[id].cosine)
        return 1;
    if (id == OBSERVE_GRADIENT_SPECIFIC)
        return gradient;
    if (id == OBSERVE_LOGIT_DEVIATION) // of tokens that cancel, attn(x - x), only rounding is left
        return fmax(own, 1e-12);
    return id == OBSERVE_WEIGHT_GRADIENT_VARIANCE ? fmax(own, 1e-24 * gradient) : own;
}

/* What the limit does not know, or not on every path. */
static bool has_no_limit(enum observe_id id)
{
    return id == OBSERVE_PEAK || id == OBSERVE_KURTOSIS || id == OBSERVE_TOKEN_STABLE_RANK ||
           id == OBSERVE_ATTENTION_STABLE_RANK;
}

void cells_check(const struct profile *a, const struct profile *b, double z, double slack, const char *what)
{
    ck_assert_int_eq(a->schema->column_count, b->schema->column_count);
    for (int l = 0; l <= a->model->layers; l++) {
        for (int c = 0; c < a->schema->column_count; c++) {
            const struct estimate *x = profile_cell(a, l, c), *y = profile_cell(b, l, c);
            const char *name = a->schema->columns[c].name;
            enum observe_id id = a->schema->columns[c].observable;
            ck_assert_msg((x->n > 0) == (y->n > 0) || has_no_limit(id), "%s: %s at layer %d is in one only", what, name,
                          l);
            if (x->n == 0 || y->n == 0)
                continue;
            struct wide errors[2] = {profile_se(a, l, c), profile_se(b, l, c)};
            double se = hypot(wide_present(errors[0]) ? wide_value(errors[0]) : 0,
                              wide_present(errors[1]) ? wide_value(errors[1]) : 0);
            double u = wide_value(estimate_mean(x)), v = wide_value(estimate_mean(y));
            double allowed = z * se + slack * unit_of(b, l, c);
            ck_assert(isfinite(u) && isfinite(v) && isfinite(allowed));
            ck_assert_msg(fabs(u - v) <= allowed, "%s: %s at layer %d: %.9g and %.9g, %.2g allowed", what, name, l, u,
                          v, allowed);
        }
    }
}

void cells_measure(struct profile *profile, struct sampler *sampler, const struct model *model, int64_t samples)
{
    struct error error = {0};
    const struct linear_engine *engine = linear_engine_find("conditioned");
    ck_assert_ptr_nonnull(engine);
    int code = sampler_init(sampler, model, engine, true, 2, (size_t)1 << 30, &error);
    if (code == ERROR_NONE)
        code = profile_init(profile, sampler, &error);
    struct profile_plan plan = {.seed = 11, .samples = samples};
    if (code == ERROR_NONE)
        code = profile_measure(profile, sampler, &plan, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
}
