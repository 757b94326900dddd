/* The public interface of the library. That its numbers are the program's, tests/install.sh sees. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/spanscope.h"

#define TINY "layers=3 width=24 heads=3 tokens=5 ffn-width=31 mask=causal init=unit"

static spanscope_model *make(const char *text)
{
    struct spanscope_error error;
    spanscope_model *model = spanscope_model_new(text, &error);
    ck_assert_msg(model != NULL, "%s", error.text);
    ck_assert_int_eq(error.code, SPANSCOPE_OK);
    ck_assert_str_eq(error.text, "");
    return model;
}

static const double *column(const spanscope_profile *profile, const char *name, enum spanscope_statistic statistic)
{
    struct spanscope_error error;
    int i = spanscope_profile_find(profile, name, &error);
    ck_assert_msg(i >= 0, "%s", error.text);
    ck_assert_str_eq(spanscope_profile_name(profile, i), name);
    return spanscope_profile_column(profile, i, statistic);
}

static const struct {
    const char *text, *words;
} mistakes[] = {
    {"layer=3", "unknown setting 'layer'; did you mean 'layers'?"},
    {"layers", "setting 'layers' has no '=VALUE'"},
    {"layers=0", "layers: 0 is not between 1 and"},
    {"layers=3.5", "layers: '3.5' is not a whole number"},
    {"placement=spanorm", "did you mean 'spannorm'?"},
    {"placement='y = nrm(x)'", "line 1, column 5: unknown function 'nrm'; did you mean 'norm'?"},
    {"placement='x = x", "the quote in 'x = x is not closed"},
    {"width=16 heads=3", "heads: 3 heads do not divide width 16"},
    {"experts=4", "experts: nothing in placement spannorm reads it; it is for moe() without experts= or the name E"},
    {"placement=/no/such.txt", "/no/such.txt"},
    {"layers=3 width=24 layers=4", "layers is given twice"},
    {"init=scaleinit:2 layers=3 c=3", "c is given twice"},
    {"c=3 init='scaleinit:2'", "c is given twice"},
    {"=", "unknown setting ''"},
};

START_TEST(mistakes_are_named)
{
    struct spanscope_error error = {0};
    ck_assert_ptr_null(spanscope_model_new(mistakes[_i].text, &error));
    ck_assert_msg(strstr(error.text, mistakes[_i].words) != NULL, "'%s' is not in: %s", mistakes[_i].words, error.text);
    ck_assert_int_lt(error.code, 0);
    ck_assert_ptr_null(spanscope_model_new(mistakes[_i].text, NULL));
}
END_TEST

/* What was set is what is got, of any length; defaults are the program's. */
START_TEST(settings_come_back)
{
    char text[4096] = "placement='x = x", value[4096];
    for (int i = 0; i < 100; i++)
        strcat(text, " + ffn(x)");
    strcat(text, "' layers=7");
    spanscope_model *model = make(text), *defaults = make(NULL);
    ck_assert_int_gt(spanscope_model_get(model, "placement", value, sizeof value, NULL), 900);
    ck_assert_int_eq(strncmp(value, "x = x + ffn(x) + ffn(x)", 20), 0);
    ck_assert_int_eq(spanscope_model_get(model, "layers", value, sizeof value, NULL), 1);
    ck_assert_str_eq(value, "7");
    ck_assert_int_eq(spanscope_model_get(defaults, "layers", value, 2, NULL), 2);
    ck_assert_str_eq(value, "1"); // cut
    struct spanscope_error error;
    ck_assert_int_eq(spanscope_model_get(model, "lyers", value, sizeof value, &error), SPANSCOPE_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "did you mean 'layers'?"));
    spanscope_model_free(model);
    spanscope_model_free(defaults);
    spanscope_model_free(NULL);
}
END_TEST

static void check_same(const spanscope_profile *a, const spanscope_profile *b)
{
    ck_assert_int_eq(spanscope_profile_columns(a), spanscope_profile_columns(b));
    for (int c = 0; c < spanscope_profile_columns(a); c++)
        for (int s = 0; s < SPANSCOPE_STATISTICS; s++)
            ck_assert_mem_eq(spanscope_profile_column(a, c, (enum spanscope_statistic)s),
                             spanscope_profile_column(b, c, (enum spanscope_statistic)s),
                             sizeof(double) * (size_t)(spanscope_profile_layers(a) + 1));
}

/* The same bits by any number of threads; a model may go before its profiles. */
START_TEST(samples_are_samples)
{
    struct spanscope_error error;
    spanscope_model *model = make(TINY);
    spanscope_profile *one = spanscope_sample(model, &(struct spanscope_sampling){.samples = 9, .threads = 1}, &error),
                      *three = spanscope_sample(model, &(struct spanscope_sampling){.samples = 9, .threads = 3},
                                                &error),
                      *other = spanscope_sample(model, &(struct spanscope_sampling){.samples = 9, .seed = 5}, &error);
    spanscope_model_free(model);
    ck_assert(one && three && other);
    check_same(one, three);
    ck_assert_int_eq(spanscope_profile_layers(one), 3);
    ck_assert_int_eq(spanscope_profile_samples(one), 9);
    const double *mean = column(one, "gradient_variance", SPANSCOPE_MEAN),
                 *sd = column(one, "gradient_variance", SPANSCOPE_SD),
                 *se = column(one, "gradient_variance", SPANSCOPE_SE),
                 *lo = column(one, "gradient_variance", SPANSCOPE_LO),
                 *hi = column(one, "gradient_variance", SPANSCOPE_HI),
                 *log10_mean = column(one, "gradient_variance", SPANSCOPE_LOG10_MEAN);
    for (int l = 0; l <= 3; l++) {
        ck_assert_double_gt(mean[l], 0);
        ck_assert_double_eq_tol(se[l], sd[l] / 3, 1e-15 * sd[l]); // a root and a quotient
        ck_assert_double_eq_tol(hi[l] - mean[l], mean[l] - lo[l], 1e-14 * mean[l]);
        ck_assert_double_eq_tol((hi[l] - mean[l]) / se[l], 2.306004135204166, 1e-9); // Student's t, 8 degrees, 0.975
        ck_assert_double_eq_tol(log10_mean[l], log10(mean[l]), 1e-14);
        ck_assert_double_ne(mean[l], column(other, "gradient_variance", SPANSCOPE_MEAN)[l]);
        ck_assert(isnan(column(one, "gradient_variance", SPANSCOPE_FLOOR)[l]));
    }
    ck_assert(isnan(column(one, "layer_cosine", SPANSCOPE_MEAN)[0])); // layer 0 has none
    ck_assert(isfinite(column(one, "layer_cosine", SPANSCOPE_MEAN)[1]));
    double ratio = 0;
    ck_assert_int_eq(spanscope_profile_quantity(one, "gradient_ratio", SPANSCOPE_MEAN, &ratio, &error), SPANSCOPE_OK);
    ck_assert_double_gt(ratio, 0);
    ck_assert_int_eq(spanscope_profile_quantity(one, "gradient_ration", SPANSCOPE_MEAN, &ratio, &error),
                     SPANSCOPE_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "did you mean 'gradient_ratio'?"));
    ck_assert(isnan(ratio));
    spanscope_profile_free(one);
    spanscope_profile_free(three);
    spanscope_profile_free(other);
    spanscope_profile_free(NULL);
}
END_TEST

/* Samples 4 to 8 alone and as the tail of a whole run: sums of the mean agree. */
START_TEST(parts_make_the_whole)
{
    spanscope_model *model = make(TINY);
    spanscope_profile *whole = spanscope_sample(model, &(struct spanscope_sampling){.samples = 9}, NULL),
                      *head = spanscope_sample(model, &(struct spanscope_sampling){.samples = 4}, NULL),
                      *tail = spanscope_sample(model, &(struct spanscope_sampling){.samples = 5, .first = 4}, NULL);
    ck_assert(whole && head && tail);
    for (int l = 0; l <= 3; l++) {
        double sum = 4 * column(head, "token_cosine", SPANSCOPE_MEAN)[l] +
                     5 * column(tail, "token_cosine", SPANSCOPE_MEAN)[l];
        ck_assert_double_eq_tol(sum / 9, column(whole, "token_cosine", SPANSCOPE_MEAN)[l], 1e-14); // of cosines
    }
    spanscope_profile_free(whole);
    spanscope_profile_free(head);
    spanscope_profile_free(tail);
    spanscope_model_free(model);
}
END_TEST

/* The prediction lies between floor and ceiling, and every column of it has a number somewhere. */
START_TEST(bounds_enclose_predictions)
{
    struct spanscope_error error;
    spanscope_model *model = make("placement=postnorm init=unit layers=4");
    spanscope_profile *limit = spanscope_predict(model, &(struct spanscope_prediction){.width_limit = 1}, &error),
                      *bounds = spanscope_bound(model, 0, &error);
    ck_assert_msg(limit && bounds, "%s", error.text);
    const double *g = column(limit, "gradient_variance", SPANSCOPE_MEAN),
                 *floor = column(bounds, "gradient_variance", SPANSCOPE_FLOOR),
                 *ceiling = column(bounds, "gradient_variance", SPANSCOPE_CEILING);
    for (int l = 0; l <= 4; l++) {
        ck_assert_double_gt(floor[l], 0);
        ck_assert_double_le(floor[l], g[l] * (1 + 1e-12)); // rounding of the two readings
        ck_assert_double_ge(ceiling[l], g[l] * (1 - 1e-12));
        ck_assert(isnan(column(bounds, "gradient_variance", SPANSCOPE_MEAN)[l]));
        ck_assert(isnan(column(limit, "gradient_variance", SPANSCOPE_SD)[l])); // the limit has no spread
    }
    ck_assert_int_eq(spanscope_profile_samples(bounds), 0);
    spanscope_profile *width = spanscope_predict(model, &(struct spanscope_prediction){.replicas = 4}, &error);
    ck_assert_msg(width != NULL, "%s", error.text);
    ck_assert_double_gt(column(width, "gradient_variance", SPANSCOPE_SD)[0], 0);
    spanscope_profile_free(width);
    spanscope_profile_free(limit);
    spanscope_profile_free(bounds);
    spanscope_model_free(model);
}
END_TEST

START_TEST(options_are_checked)
{
    struct spanscope_error error;
    spanscope_model *model = make(TINY);
    const struct {
        struct spanscope_sampling sampling;
        const char *words;
    } wrong[] = {
        {{.samples = -1}, "samples: -1 is below 0"},
        {{.precision = 1}, "precision: 1 is not 0, nor above 0 and below 1"},
        {{.precision = NAN}, "precision: nan"},
        {{.threads = -2}, "threads: -2 is not between 1 and 1024"},
        {{.engine = "dnese"}, "unknown engine 'dnese'; did you mean 'dense'?"},
        {{.memory = 1}, "memory: one sample needs at least"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_ptr_null(spanscope_sample(model, &wrong[i].sampling, &error));
        ck_assert_msg(strstr(error.text, wrong[i].words) != NULL, "%s", error.text);
        ck_assert_int_lt(error.code, 0);
    }
    const struct {
        struct spanscope_prediction prediction;
        const char *words;
    } worse[] = {
        {{.width_limit = 1, .replicas = 3}, "replicas is for the model's own width"},
        {{.draws = 3}, "draws is for width_limit"},
        {{.error = -1}, "error: -1 is not"},
        {{.draws = -1}, "draws: -1 is below 0"},
    };
    for (size_t i = 0; i < sizeof worse / sizeof *worse; i++) {
        ck_assert_ptr_null(spanscope_predict(model, &worse[i].prediction, &error));
        ck_assert_msg(strstr(error.text, worse[i].words) != NULL, "%s", error.text);
    }
    spanscope_model_free(model);
    model = make(TINY " law=uniform"); // which has the limit
    ck_assert_ptr_null(spanscope_predict(model, &(struct spanscope_prediction){.replicas = 3}, &error));
    ck_assert_msg(strstr(error.text, "which is known of normal weights") != NULL, "%s", error.text);
    spanscope_profile *profile = spanscope_predict(model, &(struct spanscope_prediction){.draws = 3}, &error);
    ck_assert_msg(profile != NULL, "%s", error.text);
    spanscope_profile_free(profile);
    spanscope_model_free(model);
}
END_TEST

/* A stop before anything is done leaves no profile; columns that are none are told. */
START_TEST(stops_and_misses_are_told)
{
    struct spanscope_error error;
    volatile sig_atomic_t stop = 1;
    spanscope_model *model = make(TINY);
    ck_assert_ptr_null(spanscope_sample(model, &(struct spanscope_sampling){.stop = &stop}, &error));
    ck_assert_int_eq(error.code, SPANSCOPE_INTERRUPTED);
    ck_assert_ptr_null(spanscope_predict(model, &(struct spanscope_prediction){.stop = &stop}, &error));
    ck_assert_int_eq(error.code, SPANSCOPE_INTERRUPTED);
    spanscope_profile *profile = spanscope_sample(
        model, &(struct spanscope_sampling){.samples = 1, .per_token = 1, .engine = "dense"}, &error);
    ck_assert_msg(profile != NULL, "%s", error.text);
    ck_assert_int_eq(spanscope_profile_find(profile, "gradient_varience", &error), SPANSCOPE_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "did you mean 'gradient_variance'?"));
    ck_assert_int_ge(spanscope_profile_find(profile, "gradient_variance.token4", &error), 0);
    ck_assert(isnan(column(profile, "gradient_variance", SPANSCOPE_SD)[0])); // of one sample
    ck_assert_ptr_null(spanscope_profile_name(profile, -1));
    ck_assert_ptr_null(spanscope_profile_summary(profile, spanscope_profile_columns(profile)));
    ck_assert_ptr_null(spanscope_profile_column(profile, 0, SPANSCOPE_STATISTICS));
    ck_assert_ptr_nonnull(strstr(spanscope_profile_summary(profile, 0), "x^2"));
    spanscope_profile_free(profile);
    spanscope_model_free(model);
}
END_TEST

Suite *spanscope_suite(void)
{
    Suite *suite = suite_create("spanscope");
    TCase *library = tcase_create("library");
    tcase_set_timeout(library, 60);
    tcase_add_loop_test(library, mistakes_are_named, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(library, settings_come_back);
    tcase_add_test(library, samples_are_samples);
    tcase_add_test(library, parts_make_the_whole);
    tcase_add_test(library, bounds_enclose_predictions);
    tcase_add_test(library, options_are_checked);
    tcase_add_test(library, stops_and_misses_are_told);
    suite_add_tcase(suite, library);
    return suite;
}
