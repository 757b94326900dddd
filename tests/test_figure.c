/* Figures: what is read, which curves are made of it, and what stands in the files. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plots/axis.h"
#include "plots/figure.h"
#include "plots/gnuplot.h"
#include "plots/legend.h"
#include "plots/map.h"
#include "plots/saved.h"
#include "plots/series.h"
#include "tests/suites.h"

/* A folder of its own for every test; its name is no friend of shells. */
static char folder[64], path[200];

static void enter(void)
{
    strcpy(folder, "/tmp/spanscope it's \"$x\" XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static int remove_entry(const char *name, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(name);
}

static void leave(void)
{
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* The whole file, which the caller frees. */
static char *read_text(const char *name, size_t *length)
{
    FILE *file = fopen(in_folder(name), "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    char *text = calloc(1, 4000000);
    *length = fread(text, 1, 4000000 - 1, file);
    fclose(file);
    return text;
}

static int entries(const char *name)
{
    DIR *directory = opendir(name);
    ck_assert_ptr_nonnull(directory);
    int count = -2; /* . and .. */
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

/* Profiles are made by text: config is inserted after the required keys, rows is the array "layers". */
static void add_profile(FILE *file, const char *kind, const char *config, const char *rows)
{
    fprintf(file, "{\"schema\":\"spanscope/profile/1\",\"kind\":\"%s\",\"config\":{%s},\"layers\":[%s]}\n", kind,
            config, rows);
}

static void read_profiles(struct saved_list *list, const char *kind, const char *const configs[], const char *rows)
{
    struct error error;
    *list = (struct saved_list){0};
    FILE *file = fopen(in_folder("profiles.json"), "w");
    for (int i = 0; configs[i] != NULL; i++)
        add_profile(file, kind, configs[i], rows);
    fclose(file);
    ck_assert_msg(saved_read(path, list, &error) == ERROR_NONE, "%s", error.text);
}

/* Layer 1 has no activation variance, layer 2's is beyond double; intervals below 0 and absent. */
static const char ROWS[] =
    "{\"layer\":0,\"activation_variance\":{\"mean\":1.37,\"lo\":1.25,\"hi\":1.5,\"log10_mean\":0.13672056715640679},"
    "\"gradient_variance\":{\"mean\":0.01,\"lo\":-0.5,\"hi\":0.52,\"log10_mean\":-2},\"novelty\":\"ignored\"},"
    "{\"layer\":1,\"token_cosine\":{\"mean\":-0.25,\"lo\":null,\"hi\":null,\"log10_mean\":null},"
    "\"gradient_variance\":{\"mean\":0,\"lo\":null,\"hi\":null,\"log10_mean\":null}},"
    "{\"layer\":2,\"activation_variance\":{\"mean\":null,\"lo\":null,\"hi\":null,\"log10_mean\":-600.5},"
    "\"gradient_variance\":{\"mean\":2,\"lo\":1.9,\"hi\":2.1,\"log10_mean\":0.3010299956639812},"
    "\"gradient_specific\":{\"mean\":1.5}}";
#define BASE                                                                                                           \
    "\"layers\":2,\"width\":24,\"heads\":3,\"tokens\":5,\"ffn_width\":40,\"activation\":\"relu\",\"mask\":\"none\","   \
    "\"samples\":7,\"seed\":9"
#define SPAN "\"placement\":\"spannorm\",\"init\":\"unit\"," BASE
static const char *const SPAN_UNIT[] = {SPAN, NULL};

/* Reading */

START_TEST(reading_gives_values_nulls_and_absence)
{
    struct saved_list list;
    struct saved_value value;
    read_profiles(&list, "measured", SPAN_UNIT, ROWS);
    ck_assert_uint_eq(list.count, 1);
    const struct saved *profile = &list.profiles[0];
    ck_assert_str_eq(profile->placement, "spannorm");
    ck_assert_int_eq(profile->layers, 2);
    ck_assert_uint_eq(profile->line, 1);
    ck_assert_uint_eq(saved_rows(profile), 3);
    ck_assert(saved_value(profile, 0, "activation_variance", &value));
    ck_assert_double_eq(value.mean, 1.37);
    ck_assert_double_eq(value.lo, 1.25);
    ck_assert_double_eq(value.hi, 1.5);
    ck_assert(!saved_value(profile, 1, "activation_variance", &value));
    ck_assert(saved_value(profile, 2, "activation_variance", &value));
    ck_assert(isnan(value.mean) && isnan(value.lo));
    ck_assert_double_eq(value.log10_mean, -600.5);
    ck_assert(saved_value(profile, 2, "gradient_specific", &value)); /* no log10_mean: taken from the mean */
    ck_assert_double_eq_tol(value.log10_mean, log10(1.5), 1e-15);
    ck_assert_double_eq(saved_number(profile, "width", 0), 24);
    ck_assert_double_eq(saved_number(profile, "c", 1.5), 1.5);
    ck_assert_str_eq(saved_text(profile, "cotangent", "iid"), "iid");
    saved_free(&list);
}
END_TEST

START_TEST(reading_appends_and_skips_blank_lines)
{
    struct saved_list list;
    struct error error;
    read_profiles(&list, "measured", SPAN_UNIT, ROWS);
    FILE *file = fopen(in_folder("more.json"), "w");
    fputs("\n  \r\n", file);
    add_profile(file, "predicted", SPAN_UNIT[0], ROWS);
    fclose(file);
    ck_assert_int_eq(saved_read(path, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(list.count, 2);
    ck_assert_uint_eq(list.profiles[1].line, 3);
    saved_free(&list);
}
END_TEST

START_TEST(reading_takes_seeds_of_64_bits)
{
    static const char *const configs[] = {
        "\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":2,\"seed\":18446744073709551615", NULL};
    struct saved_list list;
    read_profiles(&list, "measured", configs, ROWS);
    ck_assert_double_eq(saved_number(&list.profiles[0], "seed", 0), 0x1p64);
    saved_free(&list);
}
END_TEST

#define SCHEMA "\"schema\":\"spanscope/profile/1\","
#define HEAD   "{" SCHEMA "\"kind\":\"measured\",\"config\":{\"placement\":\"p\",\"init\":\"i\",\"layers\":4},"
static const struct {
    const char *text, *complaint;
} broken[] = {
    {"{\"schema\":\"spanscope/verdict/1\"}", "expected schema \"spanscope/profile/1\", found \"spanscope/verdict/1\""},
    {"[1,2]", "found none"},
    {"{\"schema\":", "not JSON"},
    {"{" SCHEMA "\"schema\":1}", "not JSON: duplicate"},
    {"{" SCHEMA "\"config\":{}}", "\"kind\""},
    {"{" SCHEMA "\"kind\":\"measured\",\"config\":{\"placement\":3,\"init\":\"i\"}}", "\"placement\""},
    {"{" SCHEMA "\"kind\":\"measured\",\"config\":{\"placement\":\"p\",\"init\":\"i\",\"layers\":1.5}}", "whole"},
    {HEAD "\"layers\":[]}", "a row for each layer"},
    {HEAD "\"layers\":[{\"layer\":5}]}", "from 0 to 4"},
    {HEAD "\"layers\":[{\"layer\":1},{\"layer\":1}]}", "ascending"},
    {HEAD "\"layers\":[{\"layer\":0},{\"layer\":2,\"token_cosine\":3}]}", "token_cosine of layer 2"},
    {HEAD "\"layers\":[{\"layer\":0,\"branch_ratio.ffn\":{\"mean\":\"x\"}}]}", "branch_ratio.ffn of layer 0"},
    {"", "expected a profile"},
};

START_TEST(reading_reports_file_and_line)
{
    char text[1000];
    struct saved_list list = {0};
    struct error error;
    bool empty = broken[_i].text[0] == '\0';
    snprintf(text, sizeof text, empty ? "\n%s" : HEAD "\"layers\":[{\"layer\":0}]}\n%s\n", broken[_i].text);
    write_text("broken.json", text);
    ck_assert_int_eq(saved_read(path, &list, &error), ERROR_RESOURCE);
    ck_assert_ptr_nonnull(strstr(error.text, path));
    ck_assert_ptr_nonnull(strstr(error.text, "line 2"));
    ck_assert_msg(strstr(error.text, broken[_i].complaint) != NULL, "%s", error.text);
    ck_assert_uint_eq(list.count, 0); /* not half a file */
    saved_free(&list);
}
END_TEST

START_TEST(reading_reports_missing_files)
{
    struct saved_list list = {0};
    struct error error;
    ck_assert_int_eq(saved_read("/nowhere/p.json", &list, &error), ERROR_RESOURCE);
    ck_assert_str_eq(error.text, "/nowhere/p.json: cannot be opened: No such file or directory");
    ck_assert_int_eq(saved_read(folder, &list, &error), ERROR_RESOURCE);
    ck_assert_ptr_nonnull(strstr(error.text, "cannot be read"));
    saved_free(&list);
}
END_TEST

/* Legends */

static void check_legend(const char *const configs[], const struct abscissa *abscissa, const char *const names[],
                         const char *caption)
{
    struct saved_list list;
    struct legend legend;
    struct error error;
    read_profiles(&list, "measured", configs, "{\"layer\":0}");
    ck_assert_int_eq(legend_init(&legend, &list, abscissa, &error), ERROR_NONE);
    for (size_t i = 0; i < list.count; i++)
        ck_assert_str_eq(legend.names[i], names[i]);
    ck_assert_str_eq(legend.caption, caption);
    legend_free(&legend);
    saved_free(&list);
}

START_TEST(legend_parts_common_from_different)
{
    static const char *const configs[] = {
        "\"placement\":\"prenorm\",\"init\":\"unit\",\"c\":1,\"experts\":8," BASE,
        "\"placement\":\"spannorm\",\"init\":\"scaleinit\",\"c\":0.5,\"experts\":8," BASE ",\"input_correlation\":0.9",
        NULL};
    static const char *const names[] = {"prenorm, unit", "spannorm, scaleinit, input correlation 0.9"};
    check_legend(configs, NULL, names,
                 "L = 2, d = 24, T = 5, H = 3, F = 40, c = 0.5, relu, no mask, 7 samples, seed 9");
}
END_TEST

START_TEST(legend_numbers_repeats_and_shows_formulas)
{
    static const char *const configs[] = {
        "\"placement\":\"unit\",\"init\":\"unit\",\"layers\":3,\"formula\":\"y = x;\\nx = y + moe(x)\",\"experts\":8",
        "\"placement\":\"unit\",\"init\":\"unit\",\"layers\":3,\"formula\":\"y = x;\\nx = y + moe(x)\",\"experts\":8",
        NULL};
    static const char *const names[] = {"unit", "unit (2)"};
    check_legend(configs, NULL, names, "init unit, y = x; x = y + moe(x), L = 3, E = 8, no mask");
}
END_TEST

START_TEST(legend_leaves_depth_out_where_asked)
{
    static const char *const configs[] = {"\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":3,\"mask\":\"causal\"",
                                          "\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":5,\"mask\":\"causal\"",
                                          NULL};
    static const char *const each[] = {"b2t, L = 3", "b2t, L = 5"};
    static const char *const grouped[] = {"b2t", "b2t"};
    check_legend(configs, NULL, each, "init unit, causal mask");
    check_legend(configs, &abscissa_depth, grouped, "init unit, causal mask");
}
END_TEST

START_TEST(legend_gives_a_prediction_its_measurements_group)
{
    struct saved_list list;
    struct legend legend;
    struct error error;
    static const char *const post[] = {"\"placement\":\"postnorm\",\"init\":\"unit\"," BASE, SPAN, NULL};
    read_profiles(&list, "measured", post, ROWS);
    FILE *file = fopen(in_folder("predicted.json"), "w");
    add_profile(file, "predicted", SPAN, ROWS);
    fclose(file);
    ck_assert_int_eq(saved_read(path, &list, &error), ERROR_NONE);
    ck_assert_int_eq(legend_init(&legend, &list, NULL, &error), ERROR_NONE);
    ck_assert_int_eq(legend.groups[0], 0);
    ck_assert_int_eq(legend.groups[1], 1);
    ck_assert_int_eq(legend.groups[2], 1);
    ck_assert_int_eq(legend.group_count, 2);
    ck_assert_str_eq(legend.names[2], "spannorm, predicted");
    legend_free(&legend);
    saved_free(&list);
}
END_TEST

/* Curves */

static const struct series_choice activation_choice = {
    .abscissa = &abscissa_layer, .quantity = &quantity_value, .variants = {{"activation_variance", NULL, false}}};
static const struct series_choice gradient_choice = {
    .abscissa = &abscissa_layer,
    .quantity = &quantity_geometric,
    .variants = {{"gradient_variance", "total", false}, {"gradient_specific", "specific", false}}};
static const struct series_choice depth_choice = {
    .abscissa = &abscissa_depth, .quantity = &quantity_gain, .variants = {{"gradient_variance", NULL, false}}};

static int make_series(struct series_list *series, const struct series_choice *choice, bool logarithmic,
                       const struct saved_list *list, struct error *error)
{
    struct legend legend;
    ck_assert_int_eq(legend_init(&legend, list, choice->abscissa, error), ERROR_NONE);
    int code = series_init(series, choice, logarithmic, list, &legend, error);
    legend_free(&legend);
    return code;
}

static const char *const CUSTOM[] = {"\"placement\":\"custom\",\"init\":\"unit\"," BASE, NULL};

START_TEST(curves_are_linear_or_log10)
{
    struct saved_list list;
    struct series_list series;
    struct error error;
    read_profiles(&list, "measured", CUSTOM, ROWS);
    ck_assert_int_eq(make_series(&series, &activation_choice, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 1);
    ck_assert_uint_eq(series.series[0].count, 1); /* layer 1 absent, layer 2 beyond double */
    ck_assert_double_eq(series.series[0].points[0].y, 1.37);
    ck_assert_double_eq(series.series[0].points[0].lo, 1.25);
    series_free(&series);
    ck_assert_int_eq(make_series(&series, &activation_choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.series[0].count, 2);
    ck_assert_double_eq_tol(series.series[0].points[0].hi, log10(1.5), 1e-15);
    ck_assert_double_eq(series.series[0].points[1].x, 2);
    ck_assert_double_eq(series.series[0].points[1].y, -600.5);
    ck_assert(isnan(series.series[0].points[1].lo));
    series_free(&series);
    ck_assert(series_needs_logarithm(&activation_choice, &list));
    saved_free(&list);
}
END_TEST

START_TEST(curves_of_logarithms_know_zero)
{
    struct saved_list list;
    struct series_list series;
    struct error error;
    read_profiles(&list, "measured", CUSTOM, ROWS);
    ck_assert_int_eq(make_series(&series, &gradient_choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 2);
    ck_assert_str_eq(series.series[1].label, "specific");
    ck_assert_uint_eq(series.series[0].count, 2); /* the 0 of layer 1 has no place */
    ck_assert_double_eq(series.series[0].points[0].y, -2);
    ck_assert(series.series[0].points[0].lo == -INFINITY);
    ck_assert_double_eq_tol(series.series[0].points[0].hi, log10(0.52), 1e-15);
    ck_assert_double_eq_tol(series.series[0].points[1].lo, log10(1.9), 1e-15);
    ck_assert(!series_needs_logarithm(&gradient_choice, &list)); /* for a 0 */
    series_free(&series);
    saved_free(&list);
}
END_TEST

START_TEST(curves_that_nobody_has_are_an_error)
{
    static const struct series_choice choice = {
        .abscissa = &abscissa_layer, .quantity = &quantity_value, .variants = {{"layer_cosine", NULL, false}}};
    struct saved_list list;
    struct series_list series;
    struct error error;
    read_profiles(&list, "measured", CUSTOM, ROWS);
    ck_assert_int_eq(make_series(&series, &choice, false, &list, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "no profile has layer_cosine");
    ck_assert_int_eq(make_series(&series, &depth_choice, true, &list, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "two depths"));
    saved_free(&list);
}
END_TEST

START_TEST(curves_against_depth_are_ratios)
{
    struct saved_list list = {0};
    struct series_list series;
    struct error error;
    FILE *file = fopen(in_folder("depths.json"), "w");
    /* the deeper first: points come out by depth; at L = 5 the ratio is 1e-400 / 1e-3 */
    add_profile(file, "measured", "\"placement\":\"spannorm\",\"init\":\"scaleinit\",\"c\":1.37,\"layers\":5",
                "{\"layer\":0,\"gradient_variance\":{\"mean\":null,\"log10_mean\":-400}},"
                "{\"layer\":5,\"gradient_variance\":{\"mean\":0.001,\"log10_mean\":-3}}");
    add_profile(
        file, "measured", "\"placement\":\"spannorm\",\"init\":\"scaleinit\",\"c\":1.37,\"layers\":2",
        "{\"layer\":0,\"gradient_variance\":{\"mean\":3,\"lo\":2,\"hi\":4,\"log10_mean\":0.47712125471966244}},"
        "{\"layer\":2,\"gradient_variance\":{\"mean\":6,\"lo\":5,\"hi\":7,\"log10_mean\":0.77815125038364363}}");
    fclose(file);
    ck_assert_int_eq(saved_read(path, &list, &error), ERROR_NONE);
    ck_assert_int_eq(make_series(&series, &depth_choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 2); /* and the floor */
    const struct series_point *points = series.series[0].points;
    ck_assert_uint_eq(series.series[0].count, 2);
    ck_assert_double_eq_tol(points[0].x, log10(2), 1e-15);
    ck_assert_double_eq_tol(points[0].y, log10(0.5), 1e-14);
    ck_assert_double_eq_tol(points[0].lo, log10(2. / 6), 1e-14);
    ck_assert_double_eq_tol(points[0].hi, log10(4. / 6), 1e-14);
    ck_assert_double_eq_tol(points[1].x, log10(5), 1e-15);
    ck_assert_double_eq_tol(points[1].y, -397, 1e-12);
    /* (1 + c^2/L)^-L between the depths */
    const struct series *floor_line = &series.series[1];
    ck_assert_int_eq(floor_line->role, SERIES_FLOOR);
    ck_assert_double_eq_tol(floor_line->points[0].y, -2 * log10(1 + 1.37 * 1.37 / 2), 1e-12);
    ck_assert_double_eq_tol(floor_line->points[floor_line->count - 1].y, -5 * log10(1 + 1.37 * 1.37 / 5), 1e-12);
    series_free(&series);
    saved_free(&list);
}
END_TEST

/* Theory */

#define SPAN_FORMULA                                                                                                   \
    "first: y = norm(x + attn(norm(x))); x = norm(x + ffn(y)); block: y = norm(x + attn(x)); x = norm(x+ffn(y))"
#define COLLAPSED "\"placement\":\"spannorm\",\"init\":\"unit\",\"layers\":2,\"activation\":\"relu\","

/* Whether (3/4)^(L - l) is drawn through gradient_specific: each row breaks one hypothesis. */
static const struct {
    const char *config;
    bool drawn;
} hypotheses[] = {
    {COLLAPSED "\"mask\":\"none\",\"input_correlation\":0.95,\"input_scale\":1", true},
    {COLLAPSED "\"input_correlation\":0.9,\"formula\":\"" SPAN_FORMULA "\"", true},
    {COLLAPSED "\"mask\":\"none\",\"input_correlation\":0.5", false},
    {COLLAPSED "\"mask\":\"none\"", false},
    {COLLAPSED "\"mask\":\"causal\",\"input_correlation\":0.95", false},
    {COLLAPSED "\"input_correlation\":0.95,\"input_scale\":0.02", false},
    {COLLAPSED "\"input_correlation\":0.95,\"cotangent\":\"pooled\"", false},
    {COLLAPSED "\"input_correlation\":0.95,\"formula\":\"x = norm(x + ffn(x))\"", false},
    {"\"placement\":\"spannorm\",\"init\":\"unit\",\"layers\":2,\"activation\":\"gelu\",\"input_correlation\":1",
     false},
    {"\"placement\":\"spannorm\",\"init\":\"xavier\",\"layers\":2,\"activation\":\"relu\",\"input_correlation\":1",
     false},
    {"\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":2,\"activation\":\"relu\",\"input_correlation\":1", false},
};

START_TEST(theory_is_drawn_where_it_holds)
{
    static const char rows[] = "{\"layer\":0,\"gradient_specific\":{\"mean\":1}},"
                               "{\"layer\":1,\"gradient_specific\":{\"mean\":1}}";
    const char *configs[] = {hypotheses[_i].config, NULL};
    struct saved_list list;
    struct series_list series;
    struct error error;
    read_profiles(&list, "measured", configs, rows);
    ck_assert_int_eq(make_series(&series, &gradient_choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, hypotheses[_i].drawn ? 2 : 1);
    if (hypotheses[_i].drawn) {
        ck_assert_int_eq(series.series[1].role, SERIES_EXACT);
        ck_assert_uint_eq(series.series[1].count, 2);
        ck_assert_double_eq_tol(series.series[1].points[0].y, 2 * log10(0.75), 1e-14);
        ck_assert_double_eq(series.series[1].points[1].x, 1);
        ck_assert_double_eq_tol(series.series[1].points[1].y, log10(0.75), 1e-14);
    }
    series_free(&series);
    saved_free(&list);
}
END_TEST

START_TEST(theory_takes_c_from_the_profile_and_merges_equals)
{
    static const char *const configs[] = {
        "\"placement\":\"prenorm\",\"init\":\"scaleinit\",\"c\":1.37,\"layers\":3,\"width\":8",
        "\"placement\":\"prenorm\",\"init\":\"scaleinit\",\"c\":1.37,\"layers\":3,\"width\":16",
        "\"placement\":\"prenorm\",\"init\":\"scaleinit\",\"c\":0.5,\"layers\":3,\"width\":16", NULL};
    static const char rows[] = "{\"layer\":1,\"activation_variance\":{\"mean\":2}},"
                               "{\"layer\":3,\"activation_variance\":{\"mean\":3}}";
    struct saved_list list;
    struct series_list series;
    struct error error;
    read_profiles(&list, "measured", configs, rows);
    ck_assert_int_eq(make_series(&series, &activation_choice, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 3 + 2 + 2); /* floor and ceiling; the first two profiles share theirs */
    ck_assert_int_eq(series.series[3].role, SERIES_FLOOR);
    ck_assert_int_eq(series.series[3].group, -1);
    ck_assert_str_eq(series.series[3].name, "");
    ck_assert_double_eq_tol(series.series[3].points[0].y, 1 + 1.37 * 1.37 / 3, 1e-14);
    ck_assert_int_eq(series.series[6].role, SERIES_CEILING);
    ck_assert_int_eq(series.series[6].group, 2);
    ck_assert_double_eq_tol(series.series[6].points[1].y, 1 + 2 * 0.25, 1e-14);
    series_free(&series);
    saved_free(&list);
}
END_TEST

/* Bounds that a profile carries stand for the table's lines; for what falls where the observable rises, a floor is a
 * ceiling. */
START_TEST(bounds_of_a_profile_are_drawn)
{
    static const char *const configs[] = {"\"placement\":\"prenorm\",\"init\":\"unit\",\"layers\":3,\"width\":8", NULL};
    static const char rows[] = "{\"layer\":0,\"activation_variance\":{\"mean\":1,\"floor\":1,\"ceiling\":1}},"
                               "{\"layer\":2,\"activation_variance\":{\"mean\":2,\"floor\":1.25,\"ceiling\":null},"
                               "\"layer_cosine\":{\"mean\":0.5,\"ceiling\":0.75}}";
    static const struct series_choice complement = {
        .abscissa = &abscissa_layer, .quantity = &quantity_complement, .variants = {{"layer_cosine", NULL, false}}};
    struct saved_list list;
    struct series_list series;
    struct error error;
    read_profiles(&list, "predicted", configs, rows);
    ck_assert_int_eq(make_series(&series, &activation_choice, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 3);
    ck_assert_int_eq(series.series[1].role, SERIES_FLOOR);
    ck_assert_uint_eq(series.series[1].count, 2);
    ck_assert_double_eq(series.series[1].points[1].x, 2);
    ck_assert_double_eq(series.series[1].points[1].y, 1.25);
    ck_assert_int_eq(series.series[2].role, SERIES_CEILING);
    ck_assert_uint_eq(series.series[2].count, 1); /* the other is beyond double */
    series_free(&series);
    ck_assert_int_eq(make_series(&series, &complement, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 2);
    ck_assert_int_eq(series.series[1].role, SERIES_FLOOR);
    ck_assert_str_eq(series.series[1].label, "floor");
    ck_assert_double_eq(series.series[1].points[0].y, 0.25);
    series_free(&series);
    saved_free(&list);
}
END_TEST

/* Axes */

static struct axis fit(bool logarithmic, const struct axis_wish *wish, double lo, double hi, double theory)
{
    struct series_point data[] = {{0, lo, NAN, NAN}, {1, hi, NAN, NAN}}, line[] = {{0, theory, NAN, NAN}};
    struct series both[] = {{.role = SERIES_MEASURED, .points = data, .count = 2},
                            {.role = SERIES_FLOOR, .points = line, .count = 1}};
    struct series_list list = {both, 2};
    struct axis axis;
    axis_fit(&axis, logarithmic, wish, &list);
    return axis;
}

START_TEST(axes_do_not_blow_up_noise)
{
    static const struct axis_wish cosine = {-1, 1, 0.1, 0}, variance = {0, INFINITY, 0, 0.5}, gradient = {0, 0, 1, 0};
    struct axis axis = fit(false, &variance, 0.999, 1.001, 1);
    ck_assert_double_eq_tol(axis.hi - axis.lo, 0.5 * 1.001, 1e-9);
    axis = fit(false, &cosine, 0.9999, 1, 1); /* keeps its span inside the bound */
    ck_assert_double_eq(axis.hi, 1);
    ck_assert_double_eq_tol(axis.lo, 0.9, 1e-3);
    axis = fit(false, &variance, 0, 0, 0);
    ck_assert(axis.hi > axis.lo && axis.lo >= 0);
    axis = fit(true, &gradient, -0.01, 0.01, 0);
    ck_assert_double_eq_tol(axis.hi - axis.lo, 1, 1e-9);
}
END_TEST

START_TEST(axes_give_theory_room_but_not_the_figure)
{
    static const struct axis_wish gradient = {0, 0, 1, 0};
    struct axis near = fit(true, &gradient, -2, 0, -2.5), far = fit(true, &gradient, -2, 0, -300);
    ck_assert(near.lo <= -2.5 && near.lo > -3);
    ck_assert(far.lo < -2 && far.lo > -3);
    ck_assert(far.hi >= 0);
}
END_TEST

START_TEST(axes_have_whole_steps)
{
    static const int cases[][2] = {{1, 1},  {7, 1},    {8, 1},    {12, 2},    {24, 4},
                                   {64, 8}, {100, 10}, {128, 16}, {2000, 200}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(axis_whole_step(cases[i][0]), cases[i][1]);
}
END_TEST

/* gnuplot */

START_TEST(text_is_shown_as_written)
{
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    gnuplot_print_plain(stream, "a_b^{c} it's\n`d` \\");
    gnuplot_print_markup(stream, " f'^2");
    fclose(stream);
    ck_assert_str_eq(text, "a\\_b\\^\\{c\\} it''s `d` \\\\ f''^2");
    free(text);
}
END_TEST

static void draw_fails(struct error *error)
{
    struct saved_list list;
    read_profiles(&list, "measured", SPAN_UNIT, ROWS);
    ck_assert_int_eq(
        figure_draw(figure_find("gradient"), &list, &(struct figure_wish){.directory = in_folder("out")}, error),
        ERROR_RESOURCE);
    saved_free(&list);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    ck_assert_int_eq(errno, ECHILD);
}

START_TEST(missing_gnuplot_is_said_and_leaves_nothing)
{
    struct error error;
    setenv("PATH", "", 1);
    ck_assert_int_eq(chdir(folder), 0); /* an empty PATH is the current folder */
    draw_fails(&error);
    ck_assert_str_eq(error.text, "gnuplot was not found; install gnuplot-nox");
    ck_assert_int_eq(access(in_folder("out"), F_OK), -1);
    mkdir(path, 0777);
    draw_fails(&error);
    ck_assert_int_eq(entries(in_folder("out")), 0);
}
END_TEST

/* A gnuplot that fails after it has written a part. */
static void fake_gnuplot(const char *script)
{
    write_text("gnuplot", script);
    ck_assert_int_eq(chmod(in_folder("gnuplot"), 0755), 0);
    setenv("PATH", folder, 1);
}

START_TEST(failing_gnuplot_is_quoted_and_keeps_the_old_figure)
{
    struct error error;
    size_t length;
    mkdir(in_folder("out"), 0777);
    write_text("out/gradient.png", "the old one");
    fake_gnuplot(
        "#!/bin/sh\nprintf half > gradient.png\nprintf '%01192d' 0 >&2\nprintf '\\nlast wo' >&2\n/bin/sleep 0.1\n"
        "printf 'rds\\n\\n' >&2\nexit 3\n");
    draw_fails(&error);
    ck_assert_ptr_nonnull(strstr(error.text, "gnuplot failed:\n000"));
    ck_assert_ptr_nonnull(strstr(error.text, "0\nlast words"));
    ck_assert_str_eq(strstr(error.text, "last words"), "last words");
    ck_assert_int_eq(entries(in_folder("out")), 1);
    char *text = read_text("out/gradient.png", &length);
    ck_assert_str_eq(text, "the old one");
    free(text);
}
END_TEST

START_TEST(killed_gnuplot_is_told)
{
    struct error error;
    fake_gnuplot("#!/bin/sh\nkill -9 $$\n");
    draw_fails(&error);
    ck_assert_ptr_nonnull(strstr(error.text, "signal 9"));
}
END_TEST

START_TEST(gnuplot_that_draws_nothing_is_an_error)
{
    struct error error;
    fake_gnuplot("#!/bin/sh\nexit 0\n");
    draw_fails(&error);
    ck_assert_int_eq(access(in_folder("out"), F_OK), -1);
}
END_TEST

START_TEST(unwritable_folders_are_named)
{
    struct error error;
    write_text("out", "a file");
    draw_fails(&error);
    ck_assert_ptr_nonnull(strstr(error.text, "cannot write into"));
    ck_assert_ptr_nonnull(strstr(error.text, in_folder("out")));
}
END_TEST

/* Pictures */

static unsigned big_endian(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return (unsigned)b[0] << 24 | (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3];
}

static void check_png(const char *name)
{
    size_t length;
    char *bytes = read_text(name, &length);
    ck_assert_uint_gt(length, 10000);
    ck_assert_mem_eq(bytes, "\x89PNG\r\n\x1a\n", 8);
    ck_assert_uint_ge(big_endian(bytes + 16), 1400);
    ck_assert_uint_ge(big_endian(bytes + 20), 900);
    ck_assert_mem_eq(bytes + length - 8, "IEND", 4);
    free(bytes);
}

/* SVG breaks a text at every change of font, so only plain words are looked for. */
static void check_svg(const char *name, const char *const words[])
{
    size_t length;
    char *text = read_text(name, &length);
    ck_assert_uint_gt(length, 5000);
    ck_assert_ptr_nonnull(strstr(text, "<svg"));
    ck_assert_ptr_nonnull(strstr(text, "</svg>"));
    for (int i = 0; words[i] != NULL; i++)
        ck_assert_msg(strstr(text, words[i]) != NULL, "%s lacks '%s'", name, words[i]);
    free(text);
}

START_TEST(figures_are_drawn_and_redrawn)
{
    static const char *const configs[] = {"\"placement\":\"spannorm\",\"init\":\"unit\"," BASE,
                                          "\"placement\":\"my_own\",\"init\":\"it's `touch pwned`\"," BASE, NULL};
    static const char *const words[] = {"Gradient variance against depth",
                                        "spannorm, unit: total",
                                        "my_own, it's `touch pwned`: token-specific",
                                        "d = 24",
                                        "95 % intervals",
                                        "thin lines: theory",
                                        "(mean square; cotangent = 1)",
                                        NULL};
    struct saved_list list;
    struct error error;
    size_t length;
    read_profiles(&list, "measured", configs, ROWS);
    int code = figure_draw(figure_find("gradient"), &list, &(struct figure_wish){.directory = in_folder("new out")},
                           &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    saved_free(&list);
    ck_assert_int_eq(entries(in_folder("new out")), PUBLISH_FILES);
    check_png("new out/gradient.png");
    check_svg("new out/gradient.svg", words);
    char *data = read_text("new out/gradient.dat", &length);
    ck_assert_ptr_nonnull(strstr(data, "# L = 2, d = 24, T = 5"));
    ck_assert_ptr_nonnull(strstr(data, "# index 0: spannorm, unit: total\n0 -2 -inf -0.283996656365200"));
    ck_assert_ptr_nonnull(strstr(data, "\n2 0.301029995663981"));
    ck_assert_ptr_nonnull(strstr(data, "# index 1: spannorm, unit: token-specific\n2 0.1760912590556812"));
    free(data);
    unlink(in_folder("new out/gradient.png"));
    ck_assert_int_eq(gnuplot_run(in_folder("new out"), "gradient.gp", &error), ERROR_NONE);
    check_png("new out/gradient.png");
    ck_assert_int_eq(entries(in_folder("new out")), PUBLISH_FILES);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* One profile with an observable of the choice at every layer and, for three tokens, by position. */
static void add_rich_profile(FILE *file, const char *kind, int layers, int width, double c,
                             const struct series_choice *choice)
{
    fprintf(file,
            "{\"schema\":\"spanscope/profile/1\",\"kind\":\"%s\",\"config\":{\"placement\":\"lns\",\"init\":"
            "\"scaleinit\",\"c\":%g,\"layers\":%d,\"width\":%d,\"tokens\":3,\"samples\":9},\"manifest\":{\"seconds\":"
            "%g},\"layers\":[",
            kind, c, layers, width, 0.1 * width);
    for (int l = 0; l <= layers; l++) {
        fprintf(file, "%s{\"layer\":%d", l > 0 ? "," : "", l);
        for (int v = 0; v < SERIES_VARIANTS && choice->variants[v].observable != NULL; v++) {
            for (int t = 0; t <= 3; t++) {
                double mean = 0.37 + 0.01 * l + 0.05 * v + 0.02 * t + (kind[0] == 'p' ? 0.1 : 0);
                char token[20] = "";
                if (t > 0)
                    snprintf(token, sizeof token, ".token%d", t);
                fprintf(file, ",\"%s%s\":{\"mean\":%g,\"mean_log\":%g,\"sd_log\":%g,\"n\":9}",
                        choice->variants[v].observable, token, mean, log(mean), 0.5 - 0.02 * l);
            }
        }
        fputc('}', file);
    }
    fprintf(file, "]}\n");
}

/* Profiles that differ in everything a curve runs along. */
static void read_rich_profiles(struct saved_list *list, const struct series_choice *choice)
{
    struct error error;
    FILE *file = fopen(in_folder("all.json"), "w");
    for (int i = 0; i < 8; i++)
        for (int kind = 0; kind < 2; kind++)
            add_rich_profile(file, kind > 0 ? "predicted" : "measured", i & 1 ? 5 : 2, i & 2 ? 24 : 36,
                             i & 4 ? 1.37 : 0.5, choice);
    fclose(file);
    *list = (struct saved_list){0};
    ck_assert_msg(saved_read(path, list, &error) == ERROR_NONE, "%s", error.text);
}

/* Every row of the table makes a figure of data that have its observables, in every style. */
START_TEST(figures_of_the_table_are_drawn)
{
    const struct figure *figure = &figures[_i];
    struct saved_list list;
    struct error error;
    char name[100];
    size_t length;
    ck_assert_ptr_eq(figure_find(figure->name), figure); /* names are unique */
    read_rich_profiles(&list, &figure->choice);
    for (size_t i = 0; i < style_count; i++) {
        struct figure_wish wish = {.directory = folder, .style = &styles[i]};
        int code = figure_draw(figure, &list, &wish, &error);
        ck_assert_msg(code == ERROR_NONE, "%s", error.text);
        snprintf(name, sizeof name, "%s.png", figure->name);
        check_png(name);
        const char *const words[] = {"lns", styles[i].title > 0 ? figure->title : "lns", NULL};
        snprintf(name, sizeof name, "%s.svg", figure->name);
        check_svg(name, words);
        snprintf(name, sizeof name, "%s.pdf", figure->name);
        char *pdf = read_text(name, &length);
        ck_assert_mem_eq(pdf, "%PDF-", 5);
        ck_assert_uint_gt(length, 5000);
        free(pdf);
        snprintf(name, sizeof name, "%s.txt", figure->name);
        char *caption = read_text(name, &length);
        ck_assert_mem_eq(caption, figure->title, strlen(figure->title));
        free(caption);
    }
    saved_free(&list);
}
END_TEST

/* One line that says what is missing, and no file. */
START_TEST(figures_say_what_profiles_lack)
{
    const struct figure *figure = &figures[_i];
    struct saved_list list;
    struct error error;
    read_profiles(&list, "measured", SPAN_UNIT, "{\"layer\":0,\"gradient_token_cosine\":{\"mean\":0.1}}");
    int before = entries(folder);
    ck_assert_int_eq(figure_draw(figure, &list, &(struct figure_wish){.directory = folder}, &error), ERROR_INPUT);
    ck_assert_ptr_null(strchr(error.text, '\n'));
    ck_assert_msg(strstr(error.text, figure->choice.variants[0].observable) != NULL, "%s", error.text);
    ck_assert_int_eq(entries(folder), before);
    saved_free(&list);
}
END_TEST

START_TEST(figures_take_name_and_title)
{
    static const char *const words[] = {"Of another's making", NULL};
    struct saved_list list;
    struct error error;
    struct figure_wish wish = {.directory = folder, .name = "other", .title = "Of another's making"};
    read_profiles(&list, "measured", SPAN_UNIT, ROWS);
    ck_assert_int_eq(figure_draw(figure_find("gradient"), &list, &wish, &error), ERROR_NONE);
    check_svg("other.svg", words);
    ck_assert_int_eq(access(in_folder("gradient.svg"), F_OK), -1);
    saved_free(&list);
}
END_TEST

/* Maps */

#define MAP_HEAD                                                                                                       \
    "{\"schema\":\"spanscope/map/"                                                                                     \
    "1\",\"kind\":\"predicted\",\"config\":{\"placement\":\"postnorm\",\"init\":\"unit\"},"
#define MAP_X "\"x\":{\"name\":\"layers\",\"scale\":\"log\",\"values\":[1,10,1000]},"
#define MAP_Y "\"y\":{\"name\":\"input-scale\",\"scale\":\"lin\",\"values\":[0.5,1.5]},"
#define MAP_VALUES                                                                                                     \
    "\"values\":{\"log10_gradient_ratio\":[[-1,-2,-3],[-1,-4,null]],\"token_cosine\":[[0,0.3,0.6],[0.1,1,null]]}}"

/* One point is missing; cells reach half way to their neighbours, in decades on the logarithmic axis. */
START_TEST(maps_are_drawn)
{
    static const char *const words[] = {"layers", "input-scale", "postnorm", NULL};
    struct figure_wish wish = {.directory = folder};
    struct error error;
    int drawn;
    write_text("maps.json", MAP_HEAD MAP_X MAP_Y MAP_VALUES "\n\n" MAP_HEAD MAP_X MAP_Y MAP_VALUES "\n");
    ck_assert(map_is_saved(in_folder("maps.json")));
    ck_assert_msg(map_draw(in_folder("maps.json"), &wish, &drawn, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(drawn, 2);
    check_svg("map.svg", words);
    check_svg("map-2.svg", words);
    size_t length;
    char *data = read_text("map.dat", &length);
    ck_assert_ptr_nonnull(strstr(data, "\n1 0.5 0.5 2 0 1 -2 0.3\n"));
    ck_assert_ptr_nonnull(strstr(data, "\n3 1.5 2 4 1 2 NaN NaN\n"));
    free(data);
}
END_TEST

static const struct {
    const char *text, *words;
} broken_maps[] = {
    {"", "holds no map"},
    {"{\"schema\":\"spanscope/profile/1\"}", "spanscope/map/1"},
    {MAP_HEAD, "not JSON"},
    {MAP_HEAD MAP_X MAP_VALUES, "ascending values"},
    {MAP_HEAD "\"x\":{\"name\":\"c\",\"scale\":\"log\",\"values\":[0,1]}," MAP_Y MAP_VALUES, "ascending values"},
    {MAP_HEAD MAP_X "\"y\":{\"name\":\"c\",\"values\":[1,2,3]}," MAP_VALUES, "a row of numbers for each y"},
    {MAP_HEAD MAP_X MAP_Y "\"values\":{}}", "a row of numbers for each y"},
};

START_TEST(broken_maps_are_told)
{
    struct figure_wish wish = {.directory = folder};
    struct error error;
    int drawn;
    write_text("maps.json", broken_maps[_i].text);
    ck_assert_int_eq(map_draw(in_folder("maps.json"), &wish, &drawn, &error), ERROR_RESOURCE);
    ck_assert_msg(strstr(error.text, broken_maps[_i].words) != NULL, "%s", error.text);
    ck_assert_int_eq(drawn, 0);
    ck_assert_int_eq(entries(in_folder(".")), 1);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, enter, leave);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return tests;
}

#define ROWS_OF(table) (int)(sizeof table / sizeof *table)

Suite *figure_suite(void)
{
    Suite *suite = suite_create("figure");
    TCase *reading = add_case(suite, "reading");
    tcase_add_test(reading, reading_gives_values_nulls_and_absence);
    tcase_add_test(reading, reading_appends_and_skips_blank_lines);
    tcase_add_test(reading, reading_takes_seeds_of_64_bits);
    tcase_add_loop_test(reading, reading_reports_file_and_line, 0, ROWS_OF(broken));
    tcase_add_test(reading, reading_reports_missing_files);
    TCase *legend = add_case(suite, "legend");
    tcase_add_test(legend, legend_parts_common_from_different);
    tcase_add_test(legend, legend_numbers_repeats_and_shows_formulas);
    tcase_add_test(legend, legend_leaves_depth_out_where_asked);
    tcase_add_test(legend, legend_gives_a_prediction_its_measurements_group);
    TCase *curves = add_case(suite, "curves");
    tcase_add_test(curves, curves_are_linear_or_log10);
    tcase_add_test(curves, curves_of_logarithms_know_zero);
    tcase_add_test(curves, curves_that_nobody_has_are_an_error);
    tcase_add_test(curves, curves_against_depth_are_ratios);
    TCase *theory = add_case(suite, "theory");
    tcase_add_loop_test(theory, theory_is_drawn_where_it_holds, 0, ROWS_OF(hypotheses));
    tcase_add_test(theory, theory_takes_c_from_the_profile_and_merges_equals);
    tcase_add_test(theory, bounds_of_a_profile_are_drawn);
    TCase *axes = add_case(suite, "axes");
    tcase_add_test(axes, axes_do_not_blow_up_noise);
    tcase_add_test(axes, axes_give_theory_room_but_not_the_figure);
    tcase_add_test(axes, axes_have_whole_steps);
    TCase *gnuplot = add_case(suite, "gnuplot");
    tcase_add_test(gnuplot, text_is_shown_as_written);
    tcase_add_test(gnuplot, missing_gnuplot_is_said_and_leaves_nothing);
    tcase_add_test(gnuplot, failing_gnuplot_is_quoted_and_keeps_the_old_figure);
    tcase_add_test(gnuplot, killed_gnuplot_is_told);
    tcase_add_test(gnuplot, gnuplot_that_draws_nothing_is_an_error);
    tcase_add_test(gnuplot, unwritable_folders_are_named);
    TCase *pictures = add_case(suite, "pictures");
    tcase_add_test(pictures, figures_are_drawn_and_redrawn);
    tcase_add_loop_test(pictures, figures_of_the_table_are_drawn, 0, (int)figure_count);
    tcase_add_loop_test(pictures, figures_say_what_profiles_lack, 0, (int)figure_count);
    tcase_add_test(pictures, figures_take_name_and_title);
    tcase_add_test(pictures, maps_are_drawn);
    tcase_add_loop_test(pictures, broken_maps_are_told, 0, ROWS_OF(broken_maps));
    return suite;
}
