/* Quantities and abscissae: what is made of saved values, against formulas written out here. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plots/abscissa.h"
#include "plots/quantity.h"
#include <check.h>

/* Reads profiles given as text, a line each, behind those of the list. */
static void read_into(const char *text, struct saved_list *list)
{
    char path[] = "/tmp/spanscope-quantity-XXXXXX";
    struct error error;
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    int code = saved_read(path, list, &error);
    unlink(path);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
}

static void read_lines(const char *text, struct saved_list *list)
{
    *list = (struct saved_list){0};
    read_into(text, list);
}

#define HEAD(kind, config)                                                                                             \
    "{\"schema\":\"spanscope/profile/1\",\"kind\":\"" kind "\",\"config\":{\"placement\":\"b2t\",\"init\":"            \
    "\"scaleinit\"," config "},\"manifest\":{\"seconds\":6.5},\"layers\":["

static struct saved_value read_quantity(const struct quantity *quantity, const struct saved_list *list, size_t row,
                                        const char *observable)
{
    struct quantity_place place = {list, &list->profiles[0], row, observable};
    struct saved_value value;
    ck_assert(quantity->read(&place, &value));
    ck_assert(isfinite(value.mean));
    return value;
}

static bool reads(const struct quantity *quantity, const struct saved_list *list, size_t row, const char *observable)
{
    struct quantity_place place = {list, &list->profiles[0], row, observable};
    struct saved_value value;
    return quantity->read(&place, &value);
}

/* Layer 0 and L = 3: 12 samples whose logarithms have means -1.37 and 0.4, spreads 0.7 and 0.3. */
static const char SAMPLED[] = HEAD(
    "measured",
    "\"c\":1.37,\"layers\":3,\"width\":40,\"tokens\":5,\"samples\":13") "{\"layer\":0,\"gradient_variance\":{\"mean\":"
                                                                        "0.3,\"lo\":0.1,\"hi\":0.5,\"mean_log\":-1.37,"
                                                                        "\"sd_log\":0.7,\"n\":12},"
                                                                        "\"token_cosine\":{\"mean\":0.75,\"lo\":0.7,"
                                                                        "\"hi\":0.9}},"
                                                                        "{\"layer\":3,\"gradient_variance\":{\"mean\":"
                                                                        "1.6,\"mean_log\":0.4,\"sd_log\":0.3,\"n\":12},"
                                                                        "\"token_cosine\":{\"mean\":1}}]}\n";

START_TEST(complement_turns_the_interval)
{
    struct saved_list list;
    read_lines(SAMPLED, &list);
    struct saved_value value = read_quantity(&quantity_complement, &list, 0, "token_cosine");
    ck_assert_double_eq(value.mean, 0.25);
    ck_assert_double_eq_tol(value.lo, 0.1, 1e-15);
    ck_assert_double_eq_tol(value.hi, 0.3, 1e-15);
    ck_assert_double_eq_tol(value.log10_mean, log10(0.25), 1e-15);
    ck_assert(!reads(&quantity_complement, &list, 1, "token_cosine")); /* 1 - 1 is rounding */
    saved_free(&list);
}
END_TEST

START_TEST(geometric_mean_has_the_interval_of_logarithms)
{
    struct saved_list list;
    read_lines(SAMPLED, &list);
    struct saved_value value = read_quantity(&quantity_geometric, &list, 0, "gradient_variance");
    double half = gsl_cdf_tdist_Pinv(0.975, 11) * 0.7 / sqrt(12);
    ck_assert_double_eq_tol(value.mean, exp(-1.37), 1e-14);
    ck_assert_double_eq_tol(value.lo, exp(-1.37 - half), 1e-14);
    ck_assert_double_eq_tol(value.hi, exp(-1.37 + half), 1e-14);
    ck_assert_double_eq_tol(value.log10_mean, -1.37 / log(10), 1e-14);
    value = read_quantity(&quantity_geometric, &list, 0, "token_cosine"); /* no logarithms: as it is */
    ck_assert_double_eq(value.mean, 0.75);
    ck_assert_double_eq(value.lo, 0.7);
    saved_free(&list);
}
END_TEST

START_TEST(gain_is_a_ratio_of_geometric_means)
{
    struct saved_list list;
    read_lines(SAMPLED, &list);
    struct saved_value value = read_quantity(&quantity_gain, &list, 0, "gradient_variance");
    ck_assert_double_eq_tol(value.mean, exp(-1.37 - 0.4), 1e-14);
    ck_assert_double_eq_tol(value.hi / value.mean, exp(gsl_cdf_tdist_Pinv(0.975, 11) * 0.7 / sqrt(12)), 1e-12);
    ck_assert(!reads(&quantity_gain, &list, 0, "gradient_specific"));
    saved_free(&list);
}
END_TEST

/* What stands above layer 0, which itself has none; intervals of paired means say nothing of their difference. */
START_TEST(excess_is_over_the_input)
{
    struct saved_list list;
    read_lines(SAMPLED, &list);
    struct saved_value value = read_quantity(&quantity_excess, &list, 1, "gradient_variance");
    ck_assert_double_eq_tol(value.mean, 1.3, 1e-15);
    ck_assert(isnan(value.lo) && isnan(value.hi));
    ck_assert(!reads(&quantity_excess, &list, 0, "gradient_variance"));
    saved_free(&list);
}
END_TEST

#define RUN(rate, width, losses)                                                                                       \
    "{\"schema\":\"spanscope/training/"                                                                                \
    "1\",\"config\":{\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":2,\"width\":" width                            \
    "},\"training\":{\"steps\":11,\"vocabulary\":2,\"lr\":" rate                                                       \
    "},\"bayes\":[0.2,0.2,0.2,0.2,0.2,0.2,0.2,0.2,0.2,0.2,"                                                            \
    "0.2],\"loss\":[1,1,1,1,1,1,1,1,1," losses "]}\n"

/* Of 11 steps the last tenth is two: losses of 0.3 and 0.4 over 0.2, of log 2 - 0.2 each. Rates in any order; the width of
 * 12 has no rate that fails. */
START_TEST(edges_are_those_of_runs_at_several_rates)
{
    static const char runs[] = RUN("0.08", "9", "0.7,0.7") RUN("0.02", "9", "0.3,0.4") RUN("0.01", "9", "0.3,0.3")
        RUN("0.01", "12", "0.3,0.3") RUN("0.02", "12", "0.3,0.3");
    struct saved_list list = {.runs = true};
    read_into(runs, &list);
    ck_assert_uint_eq(list.count, 5);
    ck_assert_uint_eq(saved_rows(&list.profiles[1]), 10); // from step 1, behind which two are done
    struct saved_value score, edge;
    ck_assert(saved_value(&list.profiles[1], 9, "score", &score));
    double below = 0.15 / (log(2) - 0.2), above = 0.5 / (log(2) - 0.2);
    ck_assert_double_eq_tol(score.mean, below, 1e-14);
    struct quantity_place place = {&list, &list.profiles[2], 9, "score"};
    ck_assert(quantity_edge.read(&place, &edge));
    ck_assert_double_eq_tol(edge.mean, 0.02 * pow(4, (0.7 - below) / (above - below)), 1e-14);
    place.row = 8;
    ck_assert(!quantity_edge.read(&place, &edge));
    place = (struct quantity_place){&list, &list.profiles[1], 9, "score"}; // not the first of the rates
    ck_assert(!quantity_edge.read(&place, &edge));
    place.profile = &list.profiles[3];
    ck_assert(!quantity_edge.read(&place, &edge));
    saved_free(&list);
}
END_TEST

/* (n - 1) s^2/sigma^2 is chi-squared: the ends are the variances at which the observed one is its 2.5 % and 97.5 %
 * quantile. */
START_TEST(fluctuation_takes_off_the_cotangents_and_scales_by_width)
{
    struct saved_list list;
    read_lines(SAMPLED, &list);
    struct saved_value value = read_quantity(&quantity_log_variance, &list, 0, "gradient_variance");
    ck_assert_double_eq_tol(value.mean, 40 * (0.49 - 0.09), 1e-12);
    ck_assert_double_eq_tol(gsl_cdf_chisq_Q(11 * 0.49 / (value.lo / 40 + 0.09), 11), 0.025, 1e-10);
    ck_assert_double_eq_tol(gsl_cdf_chisq_P(11 * 0.49 / (value.hi / 40 + 0.09), 11), 0.025, 1e-10);
    ck_assert(!reads(&quantity_log_variance, &list, 0, "token_cosine")); /* no spread known */
    saved_free(&list);
}
END_TEST

START_TEST(seconds_are_those_of_a_sample)
{
    struct saved_list list;
    read_lines(SAMPLED, &list);
    ck_assert_double_eq_tol(read_quantity(&quantity_seconds, &list, 0, "activation_variance").mean, 0.5, 1e-15);
    saved_free(&list);
}
END_TEST

/* The prediction of another width is taken, of another c, mask or depth it is not. */
START_TEST(gap_is_to_the_prediction_of_the_same_configuration)
{
    static const char measured[] = HEAD("measured", "\"c\":1.37,\"layers\":3,\"width\":40,\"mask\":\"causal\","
                                                    "\"engine\":\"dense\"") "{\"layer\":0,\"gradient_variance\":{"
                                                                            "\"mean\":1.1,\"lo\":0.95,\"hi\":1.3}},"
                                                                            "{\"layer\":3,\"gradient_variance\":{"
                                                                            "\"mean\":0.9,\"lo\":0.8,\"hi\":0.95}}]}\n";
    static const struct {
        const char *config;
        bool taken;
    } predictions[] = {
        {"\"c\":1.37,\"layers\":3,\"width\":512,\"mask\":\"causal\",\"engine\":\"moments\"", true},
        {"\"c\":1,\"layers\":3,\"width\":40,\"mask\":\"causal\"", false},
        {"\"c\":1.37,\"layers\":3,\"width\":40,\"mask\":\"none\"", false},
        {"\"c\":1.37,\"layers\":4,\"width\":40,\"mask\":\"causal\"", false},
    };
    for (size_t i = 0; i < sizeof predictions / sizeof *predictions; i++) {
        char text[2000];
        struct saved_list list;
        snprintf(text, sizeof text,
                 "%s{\"schema\":\"spanscope/profile/1\",\"kind\":\"predicted\",\"config\":{\"placement\":\"b2t\","
                 "\"init\":\"scaleinit\",%s},\"layers\":[{\"layer\":0,\"gradient_variance\":{\"mean\":1}},{\"layer\":"
                 "3,\"gradient_variance\":{\"mean\":1}}]}\n",
                 measured, predictions[i].config);
        read_lines(text, &list);
        ck_assert_int_eq(reads(&quantity_gap, &list, 0, "gradient_variance"), predictions[i].taken);
        if (predictions[i].taken) {
            struct saved_value value = read_quantity(&quantity_gap, &list, 0, "gradient_variance");
            ck_assert_double_eq_tol(value.mean, 0.1, 1e-14);
            ck_assert_double_eq(value.lo, 0); /* the interval holds the prediction */
            ck_assert_double_eq_tol(value.hi, 0.3, 1e-14);
            value = read_quantity(&quantity_gap, &list, 1, "gradient_variance");
            ck_assert_double_eq_tol(value.lo, 0.05, 1e-14);
            ck_assert_double_eq_tol(value.hi, 0.2, 1e-14);
        }
        saved_free(&list);
    }
}
END_TEST

/* What was measured behind a step of training is no gap to what the initialisation gives. */
START_TEST(no_prediction_is_of_trained_weights)
{
    for (int step = 0; step < 2; step++) {
        char text[1000];
        struct saved_list list;
        snprintf(
            text, sizeof text,
            HEAD("%s", "\"c\":1.37,\"layers\":3,\"step\":%d") "{\"layer\":0,\"gradient_variance\":{\"mean\":1}}]}\n" //
            HEAD("%s", "\"c\":1.37,\"layers\":3") "{\"layer\":0,\"gradient_variance\":{\"mean\":1}}]}\n",
            "measured", step, "predicted");
        read_lines(text, &list);
        ck_assert_int_eq(reads(&quantity_gap, &list, 0, "gradient_variance"), step == 0);
        saved_free(&list);
    }
}
END_TEST

START_TEST(abscissae_place_values)
{
    struct saved_list list;
    double x;
    read_lines(SAMPLED, &list);
    ck_assert(abscissa_of(&abscissa_constant, &list.profiles[0], &x));
    ck_assert_double_eq_tol(x, log10(1.37), 1e-15);
    ck_assert(abscissa_of(&abscissa_width, &list.profiles[0], &x));
    ck_assert_double_eq_tol(x, log10(40), 1e-15);
    ck_assert(!abscissa_place(&abscissa_log_layer, 0, &x));
    ck_assert(abscissa_place(&abscissa_layer, 0, &x));
    ck_assert(abscissa_has_key(&abscissa_width, "heads") && !abscissa_has_key(&abscissa_width, "head"));
    ck_assert(!abscissa_has_key(&abscissa_width_by_engine, "engine") && abscissa_has_key(&abscissa_width, "engine"));
    ck_assert(!abscissa_has_key(NULL, "layers"));
    saved_free(&list);
}
END_TEST

Suite *quantity_suite(void)
{
    Suite *suite = suite_create("quantity");
    TCase *values = tcase_create("values");
    tcase_add_test(values, complement_turns_the_interval);
    tcase_add_test(values, geometric_mean_has_the_interval_of_logarithms);
    tcase_add_test(values, gain_is_a_ratio_of_geometric_means);
    tcase_add_test(values, excess_is_over_the_input);
    tcase_add_test(values, edges_are_those_of_runs_at_several_rates);
    tcase_add_test(values, fluctuation_takes_off_the_cotangents_and_scales_by_width);
    tcase_add_test(values, seconds_are_those_of_a_sample);
    tcase_add_test(values, gap_is_to_the_prediction_of_the_same_configuration);
    tcase_add_test(values, no_prediction_is_of_trained_weights);
    tcase_add_test(values, abscissae_place_values);
    suite_add_tcase(suite, values);
    return suite;
}
