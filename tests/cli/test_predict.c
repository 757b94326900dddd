/* spanscope predict, map, run --predict and a verdict against expectation, as a user runs them. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/program.h"
#include <check.h>

enum { LAYERS = 3, ARGUMENTS = 24 };
#define SHAPE "-d", "12", "-H", "3", "-T", "3", "-F", "7"
#define TINY  "-L", "3", SHAPE

/* Line number `line` of out, from 0. */
static json_t *parse_line(const char *out, int line)
{
    for (; line > 0; line--) {
        out = strchr(out, '\n');
        ck_assert_ptr_nonnull(out);
        out++;
    }
    json_error_t why;
    json_t *object = json_loads(out, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &why);
    ck_assert_msg(object != NULL, "%s", why.text);
    return object;
}

static int count_lines(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    ck_assert_msg(text != NULL, "no text %s", key);
    return text;
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(json_is_number(value), "no number %s", key);
    return json_number_value(value);
}

static const json_t *cell_of(const json_t *profile, int layer, const char *observable)
{
    return json_object_get(json_array_get(json_object_get(profile, "layers"), (size_t)layer), observable);
}

/* What every cell of a prediction is checked for. */
typedef void check_cell(const char *name, const json_t *cell);

static void check_prediction(const json_t *profile, check_cell *check)
{
    ck_assert_uint_eq(json_object_size(profile), 6 + (json_object_get(profile, "log_gradient_ratio") != NULL));
    ck_assert_str_eq(text_of(profile, "schema"), "spanscope/profile/1");
    ck_assert_str_eq(text_of(profile, "kind"), "predicted");
    ck_assert_str_eq(text_of(json_object_get(profile, "config"), "engine"), "moments");
    json_t *layers = json_object_get(profile, "layers"), *layer, *cell;
    ck_assert_uint_eq(json_array_size(layers), LAYERS + 1);
    size_t l;
    const char *name;
    json_array_foreach(layers, l, layer)
    {
        ck_assert_int_eq((int)json_integer_value(json_object_get(layer, "layer")), (int)l);
        json_object_foreach(layer, name, cell) if (strcmp(name, "layer") != 0) check(name, cell);
    }
    for (l = 0; l <= LAYERS; l++)
        ck_assert_ptr_nonnull(cell_of(profile, (int)l, "gradient_variance"));
}

/* mean, log10_mean and se, and nothing that only samples have; the logarithm is null where the mean is not above 0. */
static void check_numbers(const char *name, const json_t *cell)
{
    double mean = number_of(cell, "mean"), se = number_of(cell, "se");
    const json_t *logarithm = json_object_get(cell, "log10_mean");
    ck_assert_uint_eq(json_object_size(cell), 3);
    ck_assert_msg(isfinite(mean) && se >= 0, "%s: %g +- %g", name, mean, se);
    if (mean > 0) // the logarithm of 2^exponent and of a mantissa: rounding of numbers of order 1
        ck_assert_msg(fabs(json_number_value(logarithm) - log10(mean)) < 1e-14, "%s", name);
    else
        ck_assert(json_is_null(logarithm));
}

START_TEST(json_of_a_prediction)
{
    struct program program = PROGRAM("predict", TINY, "-p", "prenorm", "-p", "x = norm(x + attn(x) + ffn(x))", "-f",
                                     "json", "--width-limit");
    ck_assert_msg(program.status == 0, "%s", program.err);
    ck_assert_str_eq(program.err, "");
    ck_assert_int_eq(count_lines(program.out), 2);
    static const char *const placements[] = {"prenorm", "custom"};
    for (int i = 0; i < 2; i++) {
        json_t *profile = parse_line(program.out, i);
        ck_assert_str_eq(text_of(json_object_get(profile, "config"), "placement"), placements[i]);
        check_prediction(profile, check_numbers);
        json_decref(profile);
    }
    program_free(&program);
}
END_TEST

/* floor <= mean <= ceiling; SLACK for quadrature, which is off by 1e-6 in each of six branches. */
static const double SLACK = 1e-5;
static int floors, ceilings;

static void check_bounds(const char *name, const json_t *cell)
{
    double mean = number_of(cell, "mean"), slack = SLACK * (1 + fabs(mean));
    if (json_object_get(cell, "floor")) {
        floors++;
        ck_assert_msg(number_of(cell, "floor") <= mean + slack, "%s: %g below its floor", name, mean);
    }
    if (json_object_get(cell, "ceiling")) {
        ceilings++;
        ck_assert_msg(number_of(cell, "ceiling") >= mean - slack, "%s: %g above its ceiling", name, mean);
    }
}

START_TEST(bounds_enclose_the_prediction)
{
    static const char *const placements[] = {"prenorm", "postnorm", "spannorm"};
    struct program program = PROGRAM("predict", TINY, "-p", "prenorm", "-p", "postnorm", "-p", "spannorm", "-f", "json",
                                     "--bounds", "--width-limit", "-i", "unit");
    ck_assert_msg(program.status == 0, "%s", program.err);
    for (int i = 0; i < 3; i++) {
        json_t *profile = parse_line(program.out, i);
        ck_assert_str_eq(text_of(json_object_get(profile, "config"), "placement"), placements[i]);
        floors = ceilings = 0;
        check_prediction(profile, check_bounds);
        ck_assert_int_ge(floors, 3 * LAYERS); // of variances, cosines and gradients at least
        ck_assert_int_ge(ceilings, 3 * LAYERS);
        const json_t *cell = cell_of(profile, 0, "gradient_variance"); // neither is the prediction itself
        ck_assert(number_of(cell, "floor") < number_of(cell, "ceiling"));
        json_decref(profile);
    }
    program_free(&program);
}
END_TEST

/* Of kind,placement,init,layer,observable,mean,sd,se,lo,hi,n a prediction leaves sd, lo, hi and n empty. */
START_TEST(csv_of_a_prediction)
{
    struct program csv = PROGRAM("predict", TINY, "-f", "csv", "--tidy", "--width-limit"),
                   json = PROGRAM("predict", TINY, "-f", "json", "--width-limit");
    static const char header[] = "kind,placement,init,layer,observable,mean,sd,se,lo,hi,n,formula,";
    ck_assert_int_eq(strncmp(csv.out, header, strlen(header)), 0);
    json_t *profile = parse_line(json.out, 0);
    int rows = 0;
    for (char *rest = strchr(csv.out, '\n') + 1, *line; (line = strsep(&rest, "\n")) && *line; rows++) {
        char *field[11] = {NULL};
        int fields = 0;
        for (char *word; fields < 11 && (word = strsep(&line, ","));)
            field[fields++] = word;
        ck_assert(fields == 11 && line != NULL);
        ck_assert_str_eq(field[0], "predicted");
        if (!*field[3]) // of the whole stack
            continue;
        const json_t *cell = cell_of(profile, (int)strtol(field[3], NULL, 10), field[4]);
        ck_assert_msg(cell != NULL, "%s at layer %s", field[4], field[3]);
        ck_assert_double_eq(strtod(field[5], NULL), number_of(cell, "mean"));
        ck_assert_double_eq(strtod(field[7], NULL), number_of(cell, "se"));
        ck_assert(*field[6] == '\0' && *field[8] == '\0' && *field[9] == '\0' && *field[10] == '\0');
    }
    ck_assert_int_gt(rows, 4 * LAYERS);
    json_decref(profile);
    program_free(&csv), program_free(&json);
}
END_TEST

/* Heads and hidden features: many and wide enough for the closed form. */
#define WIDE "-L", "3", "-d", "256", "-H", "4", "-T", "3", "-F", "200"

/* The measured profile is what run writes by itself, the other what predict does. */
START_TEST(run_with_a_prediction)
{
    struct program both = PROGRAM("run", WIDE, "-n", "3", "-f", "json", "--predict"),
                   run = PROGRAM("run", WIDE, "-n", "3", "-f", "json"),
                   predict = PROGRAM("predict", WIDE, "-f", "json"),
                   table = PROGRAM("run", WIDE, "-n", "3", "--predict");
    ck_assert_msg(both.status == 0 && table.status == 0, "%s%s", both.err, table.err);
    ck_assert_int_eq(count_lines(both.out), 2);
    static const char *const kinds[] = {"measured", "predicted"};
    const char *const alone[] = {run.out, predict.out};
    for (int i = 0; i < 2; i++) {
        json_t *one = parse_line(both.out, i), *other = parse_line(alone[i], 0);
        ck_assert_str_eq(text_of(one, "kind"), kinds[i]);
        ck_assert(json_equal(json_object_get(one, "layers"), json_object_get(other, "layers")));
        json_decref(one), json_decref(other);
    }
    int beside[2] = {0};
    for (int i = 0; i < 2; i++)
        for (const char *at = table.out; (at = strstr(at, i ? "\n      predicted " : " measured ")); at++)
            beside[i]++;
    ck_assert_int_eq(beside[0], LAYERS + 1);
    ck_assert_int_eq(beside[1], LAYERS + 1);
    program_free(&both), program_free(&run), program_free(&predict), program_free(&table);
}
END_TEST

/* A mask makes attention be drawn: the numbers depend on the seed and not on the threads. */
/* Corrections of a width are those of normal weights alone: of other laws the limit is shown, which is the same. */
START_TEST(other_laws_have_the_limit)
{
    struct program other = PROGRAM("predict", TINY, "--law", "orthogonal", "-f", "csv"),
                   limit = PROGRAM("predict", TINY, "--width-limit", "-f", "csv"),
                   table = PROGRAM("predict", TINY, "--law", "uniform", "-q");
    ck_assert_int_eq(other.status, 0);
    ck_assert(strcmp(other.out, limit.out) == 0); // too long for a message of Check
    ck_assert_ptr_nonnull(strstr(table.out, "infinite width, which all laws share"));
    program_free(&other);
    program_free(&limit);
    program_free(&table);
}
END_TEST

/* Its options are the limit's: more attentions are other numbers, and what would help is said. */
START_TEST(other_laws_have_the_limits_options)
{
    struct program uniform = PROGRAM("predict", TINY, "--law", "uniform", "--mask", "causal", "--draws", "4", "-f",
                                     "csv", "--error", "1e-6"),
                   limit = PROGRAM("predict", TINY, "--width-limit", "--mask", "causal", "--draws", "4", "-f", "csv",
                                   "--error", "1e-6");
    ck_assert_msg(uniform.status == 0, "%s", uniform.err);
    ck_assert(strcmp(uniform.out, limit.out) == 0); // too long for a message of Check
    ck_assert_str_eq(uniform.err, limit.err);
    ck_assert_ptr_nonnull(strstr(uniform.err, "; --draws draws more\n"));
    program_free(&uniform), program_free(&limit);
}
END_TEST

/* An option of draws had no part in what has a closed form; an error has at a width, where it decides whether that is
 * taken. */
START_TEST(options_without_a_part_are_named)
{
    static const char *const words[] = {"--error", "--budget", "--draws"}, *const values[] = {"0.1", "1", "8"};
    for (int i = 0; i < 3; i++) {
        struct program limit = PROGRAM("predict", TINY, "--width-limit", words[i], values[i]),
                       law = PROGRAM("predict", TINY, "--law", "uniform", words[i], values[i]);
        ck_assert_msg(strncmp(limit.err, "spanscope predict: nothing is drawn here, so that --", 52) == 0 &&
                          strstr(limit.err, words[i]),
                      "%s", limit.err);
        ck_assert_str_eq(law.err, limit.err);
        program_free(&limit), program_free(&law);
    }
    struct program width = PROGRAM("predict", "-L", "1", "-d", "512", "-H", "2", "-T", "2", "--error", "0.1");
    ck_assert_str_eq(width.err, "");
    program_free(&width);
}
END_TEST

/* An estimate of the first order's error that is no number does not reach. */
START_TEST(what_is_not_known_to_suffice_is_drawn)
{
    struct program program = PROGRAM("predict", "-L", "1", "-d", "64", "-H", "1", "-T", "3", "--input-scale", "1e-100",
                                     "--error", "0.05", "-q");
    ck_assert_int_eq(program.status, 0);
    ck_assert_ptr_nonnull(strstr(program.out, "mean over "));
    ck_assert_ptr_null(strstr(program.out, "nan"));
    program_free(&program);
}
END_TEST

/* One replica knows nothing of its spread: nothing is said to be exact. */
START_TEST(an_error_that_is_not_known_is_said)
{
    struct program program = PROGRAM("predict", TINY, "--mask", "causal", "--replicas", "1", "-f", "json");
    ck_assert_int_eq(program.status, 0);
    ck_assert_ptr_nonnull(strstr(program.err, "after 1 replica the standard error of activation_variance at layer 0 is "
                                              "not known (--error 0.003); --replicas draws more"));
    struct program table = PROGRAM("predict", TINY, "--mask", "causal", "--replicas", "1", "-q");
    ck_assert_ptr_nonnull(strstr(table.out, "predicted at this width, of 1 replica, whose standard error is not known\n"
                                            "g_0/g_3 of this stack: "));
    ck_assert_ptr_null(strstr(table.out, "median"));
    program_free(&table);
    json_t *profile = parse_line(program.out, 0);
    ck_assert(json_is_null(json_object_get(cell_of(profile, 1, "activation_variance"), "se")));
    const json_t *ratio = json_object_get(json_object_get(profile, "stack"), "gradient_ratio");
    ck_assert(json_is_null(json_object_get(ratio, "se")));
    json_decref(profile);
    program_free(&program);
}
END_TEST

/* The smaller of two that are given decides, and what is said of it is true. */
START_TEST(replicas_keep_to_the_budget)
{
#define GATED "predict", "-p", "gated", "-L", "3", "-d", "8", "-H", "8", "-T", "1"
    struct program both = PROGRAM(GATED, "--replicas", "20000", "--budget", "0.02"),
                   few = PROGRAM(GATED, "--replicas", "3", "--budget", "0.02"),
                   alone = PROGRAM(GATED, "--replicas", "3");
    ck_assert_msg(strstr(both.err, "; --budget draws more\n") && !strstr(both.err, "after 20000"), "%s", both.err);
    ck_assert_ptr_null(strstr(both.err, "cannot be kept"));
    ck_assert_ptr_nonnull(strstr(few.err, "after 3 replicas"));
    ck_assert_ptr_nonnull(strstr(few.err, "; --replicas draws more\n"));
    ck_assert_str_eq(few.out, alone.out);
    ck_assert_str_eq(few.err, alone.err);
    program_free(&both), program_free(&few), program_free(&alone);
}
END_TEST

/* Quantities of the stack have the standard error of what they are made of: that of one cell its own, and that of a
 * ratio the spread of its logarithm, to first order: sd 0.3 over 200 replicas, whose standard deviation is known within
 * 5 %, and of a skewed ratio within three times that. */
START_TEST(quantities_have_errors)
{
    enum { REPLICAS = 200 };
    struct program drawn = PROGRAM("predict", "-L", "3", "-d", "24", "-H", "3", "-T", "5", "--mask", "causal",
                                   "--replicas", "200", "-f", "json", "-q"),
                   limit = PROGRAM("predict", TINY, "--mask", "causal", "--width-limit", "-f", "json", "-q"),
                   closed = PROGRAM("predict", TINY, "--width-limit", "-f", "json", "-q");
    json_t *profiles[3] = {parse_line(drawn.out, 0), parse_line(limit.out, 0), parse_line(closed.out, 0)};
    for (int i = 0; i < 3; i++) {
        const json_t *stack = json_object_get(profiles[i], "stack");
        double se = number_of(json_object_get(stack, "last_token_cosine"), "se");
        double own = number_of(cell_of(profiles[i], 3, "token_cosine"), "se");
        ck_assert(i < 2 ? own > 0 : own == 0);
        ck_assert_double_le(fabs(se - own), 1e-9 * own);
    }
    const json_t *ratio = json_object_get(json_object_get(profiles[0], "stack"), "gradient_ratio");
    double spread = number_of(json_object_get(profiles[0], "log_gradient_ratio"), "sd") / sqrt(REPLICAS);
    ck_assert_double_eq_tol(number_of(ratio, "se") / number_of(ratio, "mean") / spread, 1, 0.15);
    for (int i = 0; i < 3; i++)
        json_decref(profiles[i]);
    program_free(&drawn), program_free(&limit), program_free(&closed);
}
END_TEST

/* What is written is one profile and nothing else: a library that is given sizes that there are not says so on standard
 * output. Of experts where a few tokens fill the width, and of more functions of a state than its frame has a width for. */
START_TEST(nothing_else_is_written)
{
    static const char *const models[][3] = {
        {"def e(u)=wz(tanh(u)); x=x+moe(x,experts=4,body=e)", "16", "6"},
        {"x=x+wa(tanh(x)); x=x+wb(tanh(x)); x=x+wc(tanh(x)); x=x+wd(tanh(x)); x=x+we(tanh(x)); x=x+wf(tanh(x))", "600",
         "16"},
    };
    struct program program = PROGRAM("predict", "-p", models[_i][0], "-L", "2", "-d", models[_i][1], "-T",
                                     models[_i][2], "--full", "--replicas", "2", "-f", "json", "-q");
    ck_assert_msg(program.status == 0, "%s", program.err);
    ck_assert_msg(program.out[0] == '{', "%.100s", program.out);
    json_decref(parse_line(program.out, 0));
    program_free(&program);
}
END_TEST

START_TEST(threads_change_nothing)
{
    const char *const options[3][4] = {{"-j", "1", "-s", "5"}, {"-j", "2", "-s", "5"}, {"-j", "2", "-s", "6"}};
    json_t *profiles[3];
    for (int i = 0; i < 3; i++) {
        struct program program = PROGRAM("predict", TINY, "--mask", "causal", "--draws", "16", "-f", "json",
                                         "--width-limit", options[i][0], options[i][1], options[i][2], options[i][3]);
        ck_assert_msg(program.status == 0, "%s", program.err);
        profiles[i] = parse_line(program.out, 0);
        check_prediction(profiles[i], check_numbers);
        program_free(&program);
    }
    ck_assert(number_of(cell_of(profiles[0], 0, "gradient_variance"), "se") > 0);
    const json_t *first = json_object_get(profiles[0], "layers");
    ck_assert(json_equal(first, json_object_get(profiles[1], "layers")));
    ck_assert(!json_equal(first, json_object_get(profiles[2], "layers")));
    for (int i = 0; i < 3; i++)
        json_decref(profiles[i]);
}
END_TEST

/* Of the upper row, c = 2, what predict says of a stack of this depth. */
static void check_point(const json_t *map, int depth, const json_t *profile)
{
    const json_t *values = json_object_get(map, "values");
    const json_t *cosines = json_array_get(json_object_get(values, "token_cosine"), 1),
                 *ratios = json_array_get(json_object_get(values, "log10_gradient_ratio"), 1);
    ck_assert(json_array_size(cosines) == LAYERS && json_array_size(ratios) == LAYERS);
    double cosine = json_number_value(json_array_get(cosines, (size_t)depth - 1)),
           ratio = json_number_value(json_array_get(ratios, (size_t)depth - 1));
    ck_assert_double_eq(cosine, number_of(cell_of(profile, depth, "token_cosine"), "mean"));
    double expected = number_of(cell_of(profile, 0, "gradient_variance"), "log10_mean") -
                      number_of(cell_of(profile, depth, "gradient_variance"), "log10_mean");
    ck_assert(fabs(ratio - expected) < 1e-14); // rounding of logarithms
}

/* A map a line; without draws its points are what predict says of their models. */
START_TEST(maps_are_predictions)
{
    struct program map = PROGRAM("map", SHAPE, "-p", "postnorm", "-p", "spannorm", "--x", "layers=1:3", "--y",
                                 "c=0.5:2:2:log", "-q");
    ck_assert_msg(map.status == 0, "%s", map.err);
    ck_assert_int_eq(count_lines(map.out), 2);
    for (int i = 0; i < 2; i++) {
        json_t *object = parse_line(map.out, i);
        const json_t *config = json_object_get(object, "config");
        ck_assert_str_eq(text_of(object, "schema"), "spanscope/map/1");
        ck_assert_str_eq(text_of(object, "kind"), "predicted");
        ck_assert_str_eq(text_of(config, "placement"), i ? "spannorm" : "postnorm");
        ck_assert(!json_object_get(config, "layers") && !json_object_get(config, "c")); // the axes' names
        ck_assert_str_eq(text_of(json_object_get(object, "y"), "scale"), "log");
        ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(object, "values"), "token_cosine")), 2);
        for (int depth = 1; depth <= LAYERS; depth++) {
            const char layers[] = {(char)('0' + depth), '\0'};
            struct program predict = PROGRAM("predict", SHAPE, "-L", layers, "-p", text_of(config, "placement"), "-i",
                                             "scaleinit:2", "-f", "json", "--width-limit");
            ck_assert_msg(predict.status == 0, "%s", predict.err);
            json_t *profile = parse_line(predict.out, 0);
            check_point(object, depth, profile);
            json_decref(profile);
            program_free(&predict);
        }
        json_decref(object);
    }
    program_free(&map);
}
END_TEST

/* Two points in closed form, and two that are drawn, as c is large: all are at their width what predict says there, to the
 * last digit, and know its errors. */
#define BROAD "-p", "prenorm", "-L", "2", "-d", "128", "-H", "2", "--budget", "0.02"

static double at_point(const json_t *map, const char *group, const char *name, size_t y, size_t x)
{
    const json_t *rows = json_object_get(map, group), *value;
    if (name)
        rows = json_object_get(rows, name);
    value = json_array_get(json_array_get(rows, y), x);
    ck_assert(json_is_number(value) || json_is_null(value));
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void check_wide_point(const json_t *map, size_t y, size_t x, const json_t *profile, bool *closed)
{
    const json_t *ratio = json_object_get(json_object_get(profile, "stack"), "gradient_ratio"),
                 *cosine = cell_of(profile, 2, "token_cosine"), *order = json_object_get(profile, "order_error");
    const char *name = "log10_gradient_ratio";
    ck_assert_double_eq(at_point(map, "values", name, y, x), number_of(ratio, "log10_mean"));
    ck_assert_double_eq(at_point(map, "values", "token_cosine", y, x), number_of(cosine, "mean"));
    ck_assert_double_eq(at_point(map, "errors", "token_cosine", y, x), number_of(cosine, "se"));
    double relative = number_of(ratio, "se") / number_of(ratio, "mean"), own = at_point(map, "errors", name, y, x);
    ck_assert_double_le(fabs(own * M_LN10 - relative), 1e-12 * relative);
    *closed = order != NULL;
    if (*closed)
        ck_assert_double_eq(at_point(map, "order_error", NULL, y, x), json_number_value(order));
    else
        ck_assert(isnan(at_point(map, "order_error", NULL, y, x)) && own > 0);
}

START_TEST(maps_at_a_width_are_predictions)
{
    static const char *const tokens[] = {"6", "9"}, *const gains[] = {"0.3", "3"};
    struct program map = PROGRAM("map", BROAD, "--x", "tokens=6:9:2", "--y", "c=0.3:3:2:log", "--at-width", "-j", "2");
    struct program alone = PROGRAM("map", BROAD, "--x", "tokens=6:9:2", "--y", "c=0.3:3:2:log", "--at-width", "-j",
                                   "1");
    ck_assert_msg(map.status == 0, "%s", map.err);
    ck_assert(strcmp(map.out, alone.out) == 0); // too long for a message of Check
    ck_assert_ptr_nonnull(strstr(map.err, "spanscope map: prenorm: 2 of 4 points are drawn, standard errors of "
                                          "log10_gradient_ratio up to 0.0"));
    ck_assert_ptr_nonnull(strstr(map.err, "; the others to first order in T/d: within about 4."));
    json_t *object = parse_line(map.out, 0);
    const json_t *reading = json_object_get(object, "reading");
    ck_assert_str_eq(text_of(reading, "name"), "at-width");
    ck_assert_double_eq(number_of(reading, "budget"), 0.02);
    int closed = 0;
    for (size_t i = 0; i < 4; i++) {
        bool own;
        struct program predict = PROGRAM("predict", BROAD, "-T", tokens[i % 2], "--c", gains[i / 2], "-f", "json",
                                         "-q");
        json_t *profile = parse_line(predict.out, 0);
        check_wide_point(object, i / 2, i % 2, profile, &own);
        closed += own;
        json_decref(profile);
        program_free(&predict);
    }
    ck_assert_int_eq(closed, 2);
    json_decref(object);
    program_free(&map), program_free(&alone);
}
END_TEST

/* Of several maps the last is checked before the first is predicted. */
START_TEST(a_point_that_is_no_model_ends_all_maps)
{
    struct program map = PROGRAM("map", "-d", "64,66", "--x", "heads=1:4:2", "--y", "c=1:2:2", "-q");
    ck_assert_int_eq(map.status, 2);
    ck_assert_str_eq(map.err, "spanscope map: heads = 4, c = 1: heads: 4 heads do not divide width 66\n");
    ck_assert_str_eq(map.out, "");
    program_free(&map);
}
END_TEST

/* The points of all maps, none of which is predicted. */
START_TEST(a_dry_run_counts_points)
{
    struct program dry = PROGRAM("map", BROAD, "--x", "tokens=6:9:2", "--y", "c=0.3:3:3:log", "--activation",
                                 "relu,gelu", "--at-width", "--dry-run", "-j", "2");
    ck_assert_msg(dry.status == 0, "%s", dry.err);
    ck_assert_ptr_nonnull(strstr(dry.out, "12 models to predict: about "));
    ck_assert_ptr_nonnull(strstr(dry.out, " s in 2 threads"));
    ck_assert_ptr_null(strstr(dry.out, "estimated")); // of all of them
    ck_assert_ptr_nonnull(strstr(dry.out, "\n  memory "));
    ck_assert_ptr_null(strstr(dry.out, "schema"));
    program_free(&dry);
}
END_TEST

/* What is estimated from some is said to be, what draws nothing too, and one is no plural. */
START_TEST(dry_runs_say_what_they_are)
{
    struct program closed = PROGRAM("predict", TINY, "--width-limit", "--dry-run", "-j", "2"),
                   many = PROGRAM("map", SHAPE, "--x", "layers=1:5", "--y", "c=1:2:4", "--dry-run", "-j", "1"),
                   drawn = PROGRAM("predict", TINY, "--mask", "causal", "--dry-run", "-j", "1"),
                   run = PROGRAM("run", TINY, "--dry-run", "-j", "1", "-n", "1");
    ck_assert_int_eq(strncmp(closed.out, "1 model to predict in closed form: about ", 41), 0);
    ck_assert_ptr_nonnull(strstr(closed.out, " s in 1 thread\n"));
    ck_assert_int_eq(strncmp(many.out, "20 models to predict in closed form: about ", 43), 0);
    ck_assert_ptr_nonnull(strstr(many.out, " s in 1 thread; estimated from 16 of them\n"));
    ck_assert_int_eq(strncmp(drawn.out, "1 model to predict: about ", 26), 0);
    ck_assert_ptr_nonnull(strstr(drawn.out, " s in 1 thread, by when the error that is asked for is met\n"));
    ck_assert_msg(strstr(run.out, " in each of 1 thread, and the observables; beside the program's own"), "%s",
                  run.out);
    ck_assert_ptr_nonnull(strstr(run.out, "in all    1 sample, about "));
    program_free(&closed), program_free(&many), program_free(&drawn), program_free(&run);
}
END_TEST

/* Both the time of its samples and more, and the memory of what has more. */
START_TEST(a_run_counts_its_prediction)
{
#define LONGER "-p", "prenorm", "-L", "1", "-d", "32", "-H", "2", "-T", "150", "--mask", "causal", "-j", "1"
    struct program run = PROGRAM("run", LONGER, "-n", "2", "--predict", "--dry-run", "-f", "json"),
                   samples = PROGRAM("run", LONGER, "-n", "2", "--dry-run", "-f", "json"),
                   predict = PROGRAM("predict", LONGER, "--replicas", "8", "--dry-run", "-f", "json"),
                   words = PROGRAM("run", LONGER, "-n", "2", "--predict", "--dry-run");
    json_t *both = parse_line(run.out, 0), *one = parse_line(samples.out, 0), *other = parse_line(predict.out, 0);
    ck_assert_str_eq(text_of(other, "schema"), "spanscope/cost/1");
    ck_assert_str_eq(text_of(other, "unit"), "predictions");
    ck_assert_double_gt(number_of(other, "least_seconds"), 0);
    ck_assert_double_le(number_of(other, "least_seconds"), number_of(other, "seconds"));
    ck_assert_double_eq(number_of(one, "seconds"), 2 * number_of(one, "sample_seconds"));
    ck_assert_double_gt(number_of(both, "least_seconds"), 2 * number_of(both, "sample_seconds"));
    ck_assert_double_ge(number_of(both, "seconds"), number_of(both, "least_seconds"));
    ck_assert_double_gt(number_of(other, "bytes"), number_of(one, "bytes"));
    ck_assert_double_eq(number_of(both, "bytes"), number_of(other, "bytes"));
    ck_assert_msg(strstr(words.out, "\n  predicted about "), "%s", words.out);
    json_decref(both), json_decref(one), json_decref(other);
    program_free(&run), program_free(&samples), program_free(&predict), program_free(&words);
}
END_TEST

/* What solve says of a root, predict says of it: in closed form, and drawn. */
START_TEST(roots_at_a_width_are_predictions)
{
    static const struct {
        const char *range, *equation, *words;
        bool drawn;
    } rows[] = {{"0.3:0.5:2", "gradient_ratio = 1.15", "; to first order in T/d: it within about 4.", false},
                {"1.5:3:2", "gradient_ratio = 6", " stacks drawn\n", true}};
    struct program table = PROGRAM("solve", "c", rows[_i].equation, BROAD, "--range", rows[_i].range, "--at-width");
    struct program json = PROGRAM("solve", "c", rows[_i].equation, BROAD, "--range", rows[_i].range, "--at-width", "-f",
                                  "json");
    ck_assert_msg(json.status == 0, "%s%s", json.err, table.out);
    ck_assert_ptr_nonnull(strstr(table.out, " at the model's width, c from "));
    ck_assert_msg(strstr(table.out, rows[_i].words) != NULL, "%s", table.out);
    json_t *object = parse_line(json.out, 0);
    const json_t *root = json_array_get(json_object_get(object, "roots"), 0);
    char c[40];
    snprintf(c, sizeof c, "%.17g", number_of(root, "x"));
    struct program predict = PROGRAM("predict", BROAD, "--c", c, "-f", "json", "-q");
    json_t *profile = parse_line(predict.out, 0);
    const json_t *ratio = json_object_get(json_object_get(profile, "stack"), "gradient_ratio");
    ck_assert_double_eq(number_of(root, "value"), number_of(ratio, "mean"));
    ck_assert_double_eq(number_of(root, "replicas"),
                        rows[_i].drawn ? number_of(json_object_get(profile, "config"), "samples") : 0);
    ck_assert_double_eq(number_of(root, "order_error"),
                        rows[_i].drawn ? 0 : json_number_value(json_object_get(profile, "order_error")));
    ck_assert((number_of(root, "error") > 0) == rows[_i].drawn);
    json_decref(object);
    json_decref(profile);
    program_free(&table), program_free(&json), program_free(&predict);
}
END_TEST

/* One stack has no spread to tell an error by: neither 0 nor silence. */
START_TEST(a_root_of_one_stack_has_no_known_error)
{
    struct program table = PROGRAM("solve", "c", "gradient_ratio = 6", BROAD, "--range", "1:9:3:log", "--at-width",
                                   "--replicas", "1");
    struct program map = PROGRAM("map", BROAD, "--x", "tokens=6:9:2", "--y", "c=0.3:3:2:log", "--at-width",
                                 "--replicas", "1");
    ck_assert_msg(strstr(table.out, "; 1 stack drawn; its standard error is not known\n") != NULL, "%s%s", table.out,
                  table.err);
    ck_assert_msg(strstr(map.err, ", errors of log10_gradient_ratio are not known\n") != NULL, "%s", map.err);
    program_free(&table), program_free(&map);
}
END_TEST

/* More threads than points have nothing to do, and are not asked of the system. */
START_TEST(threads_are_no_more_than_points)
{
    struct program solve = PROGRAM("solve", "c", "gradient_ratio = 1.5", "-p", "prenorm", TINY, "--range", "0.1:3:5",
                                   "-j", "1000"),
                   map = PROGRAM("map", SHAPE, "--x", "layers=1:3", "--y", "c=1:2:3", "-j", "1000", "--dry-run");
    ck_assert_msg(solve.status == 0, "%s", solve.err);
    ck_assert_msg(strstr(map.out, " s in 9 threads\n") != NULL, "%s", map.out);
    program_free(&solve), program_free(&map);
}
END_TEST

/* Near a root, too far from one for what the first order leaves, and in the limit, which leaves nothing. */
START_TEST(no_root_is_told_with_its_error)
{
#define NARROW "-p", "prenorm", "-L", "4", "-d", "256", "-H", "4", "-T", "4"
    static const char *const cases[][3] = {
        {"0.1:1:9", "--at-width",
         "; to first order in T/d: the nearest within about 2 %, so that it may be there all the"},
        {"0.6:1:9", "--at-width", "; to first order in T/d: the nearest within about 3 %\n"},
        {"0.1:1:9", "--quiet", " at these points\n"},
    };
    const char *const *row = cases[_i];
    struct program table = PROGRAM("solve", "c", "gradient_ratio = 1", NARROW, "--range", row[0], row[1]),
                   json = PROGRAM("solve", "c", "gradient_ratio = 1", NARROW, "--range", row[0], row[1], "-f", "json");
    ck_assert_int_eq(table.status, 1);
    ck_assert_msg(strstr(table.out, "nowhere: ") && strstr(table.out, row[2]), "%s", table.out);
    json_t *object = parse_line(json.out, 0);
    ck_assert_double_eq(number_of(object, "nearest"), number_of(object, "least"));
    ck_assert_double_eq(number_of(object, "nearest_error"), 0);
    ck_assert((number_of(object, "nearest_order_error") > 0) == (_i < 2));
    json_decref(object);
    program_free(&table), program_free(&json);
}
END_TEST

static const struct {
    const char *arguments[ARGUMENTS];
    const char *words;
} mistakes[] = {
    {{"map", SHAPE, "--x", "layers=1:3", "--y", "c=1:2:2", "--budget", "1"},
     "spanscope map: --budget is for --at-width; the limit has --draws"},
    {{"solve", "c"}, "; found 1 word\n"},
    {{"solve", "c", "gradient_ratio = 1", TINY, "--full"}, "--full is for --at-width; the limit has --draws"},
    {{"solve", "c", "gradient_ratio = 1", TINY, "--replicas", "8"}, "--replicas is for --at-width"},
    {{"solve", "c", "gradient_ratio = 1", TINY, "--error", "0.1"}, "--error is for --at-width"},
    {{"solve", "c", "gradient_ratio = 1", TINY, "--at-width", "--draws", "8"},
     "--draws is for the limit; --at-width has --replicas"},
    {{"solve", "c", "gradient_ratio = 1", TINY, "--at-width", "--budget", "0"}, "--budget: 0 is not above 0"},
    {{"map", SHAPE, "--x", "layers=2:3", "--y", "c=1:2:2", "--at-width", "--law", "uniform"},
     "spanscope map: layers = 2, c = 1: --at-width: a width's own is known of normal weights"},
    {{"solve", "c", "gradient_ratio = 1", TINY, "--at-width", "--law", "uniform", "--range", "1:2:2"},
     "at no point of the range: c = 1: --at-width: a width's own"},
    {{"map", "-d", "12", "--x", "layers=2:3", "--y", "c=1:2:2", "--at-width", "-p", "shared w1; x = x + ffn(norm(x))"},
     "no point can be predicted: layers = 2, c = 1: ffn.w1 is one matrix in all blocks"},
    {{"solve", "c", "gradient_ratio = 1", "-d", "12", "--at-width", "-p", "shared w1; x = x + ffn(norm(x))", "--range",
      "1:2:2"},
     "at no point of the range: c = 1: ffn.w1 is one matrix in all blocks"},
    {{"map", SHAPE, "--x", "layer=1:3", "--y", "c=1:2:2"}, "axis 'layer' is no setting"},
    {{"map", SHAPE, "--x", "layer=1:3", "--y", "c=1:2:2"}, "did you mean 'layers'?"},
    {{"map", SHAPE, "--x", "mask=1:3", "--y", "c=1:2:2"}, "axis 'mask' is no setting"},
    {{"map", SHAPE, "--x", "layers=3:3", "--y", "c=1:2:2"}, "axis layers: 3 is not below 3"},
    {{"map", SHAPE, "--x", "layers=3:1", "--y", "c=1:2:2"}, "axis layers: 3 is not below 1"},
    {{"map", SHAPE, "--x", "layers=1:3:1", "--y", "c=1:2:2"}, "layers: 1 is not between 2 and 2000"},
    {{"map", SHAPE, "--x", "layers=1:3:two", "--y", "c=1:2:2"}, "layers: 'two' is not a whole number"},
    {{"map", SHAPE, "--x", "layers=1:3", "--y", "c=0:2:2:log"}, "axis c: a logarithmic axis begins above 0"},
    {{"map", SHAPE, "--x", "layers=1:3"}, "no --y given"},
    {{"map", SHAPE, "--x", "layers=1:3", "--y", "layers=1:3"}, "both axes are layers"},
    {{"map", SHAPE, "--x", "layers=1:3", "--y", "c=1:2:2", "-i", "unit"},
     "--c: nothing in placement spannorm reads it; it is for an initialisation with the name c"},
    {{"map", SHAPE, "--x", "layers=0:3", "--y", "c=1:2:2", "-o", "m.json"}, "layers: 0 is not between 1 and"},
    {{"map", "x"}, "'x' is not an option"},
    {{"predict", "prenorm"}, "'prenorm' is not an option; models are named by --placement"},
    {{"predict", TINY, "-p", "spanorm"}, "did you mean 'spannorm'?"},
    {{"predict", TINY, "-p", "prenorm", "-p", "x = nrm(x)", "-o", "p.json"}, "did you mean 'norm'?"},
    {{"predict", TINY, "--error", "2"}, "--error: 2 is not above 0 and below 1"},
    {{"predict", TINY, "--draws", "4"}, "--draws is for --width-limit; the model's own width has --replicas"},
    {{"predict", TINY, "--replicas", "4", "--width-limit"}, "--replicas is for the model's own width; --width-limit"},
    {{"predict", TINY, "--replicas", "4", "--law", "uniform"}, "width, which is known of normal weights; the limit"},
    {{"predict", TINY, "--replicas", "4", "--law", "normal,uniform"}, "width, which is known of normal weights"},
    {{"predict", TINY, "--draws", "4", "--law", "uniform,normal"}, "--draws is for --width-limit"},
    {{"predict", TINY, "--draws", "0"}, "--draws: 0 is not between 1 and"},
    {{"predict", TINY, "--draws", "1000001"}, "--draws: 1000001 is not between 1 and 1000000"},
    {{"predict", TINY, "--format", "jsno"}, "unknown format 'jsno'; did you mean 'json'?"},
    {{"predict", TINY, "-p", "x = 1e200*(x + attn(x) + ffn(x))"}, "leaves the range of double in block 1 of 3"},
    /* As run refuses them: squares below the range, signals that are lost, and norms of what has no square. */
    {{"predict", TINY, "-p", "x = 1e-300*(x + attn(x) + ffn(x))"}, "leaves the range of double in block 1 of 3"},
    {{"predict", TINY, "-p", "x = 1e-300*(x + attn(x) + ffn(x))", "--width-limit"}, "range of double in block 1 of 3"},
    {{"predict", TINY, "-p", "x = 1e-300*(x + attn(x) + ffn(x))", "--full"}, "range of double in block 1 of 3"},
    {{"predict", TINY, "-p", "u = 1e-200*(attn(x) + ffn(x)); x = norm(1e-200*u) + x"}, "range of double in block 1"},
    {{"predict", TINY, "-p", "x = norm(1e160*(x + attn(x) + ffn(x)))"}, "range of double in block 1 of 3"},
    {{"predict", TINY, "-p", "x = norm(1e160*(x + attn(x) + ffn(x)))", "--width-limit"}, "range of double in block 1"},
    {{"predict", TINY, "-p", "x = x + attn(x)"},
     "spanscope predict: --ffn-width: nothing in placement custom reads it; it is for ffn(), glu() or the name F\n"},
    {{"predict", "--top-k", "3", "-o", "p.json"}, "--top-k: nothing in placement spannorm reads it"},
    {{"predict", "-o", ""}, "--output: '' names no file"},
    {{"map", TINY, "--x", "layers=1:3", "--y", "c=1:2:2"}, "--layers is the map's x axis; give it once"},
    {{"map", SHAPE, "--x", "experts=2:3", "--y", "c=1:2:2"}, "--experts: nothing in placement spannorm reads it"},
    {{"map", "-p", "x = 1e200*x", "--x", "layers=1:3", "--y", "input-scale=1:2:2", "-o", "m.json"},
     "spanscope map: custom: no point can be predicted: layers = 1, input-scale = 1: the signal leaves the range of "
     "double in block 1 of 1"},
    {{"map", SHAPE, "-p", "spannorm", "-p", "x = 1e200*(x + attn(x) + ffn(x))", "--x", "layers=1:3", "--y",
      "input-scale=1:2:2", "-q", "-o", "m.json"},
     "custom: no point can be predicted"},
    {{"map", "--correlation", "0.3"}, "unknown option '--correlation'; did you mean '--input-correlation'?"},
};

START_TEST(mistakes_are_named)
{
    struct program program = program_start(mistakes[_i].arguments, NULL, NULL);
    ck_assert_msg(program.status == 2, "status %d: %s", program.status, program.err);
    ck_assert_msg(strstr(program.err, mistakes[_i].words) != NULL, "'%s' is not in: %s", mistakes[_i].words,
                  program.err);
    ck_assert_int_eq(count_lines(program.out), 0);
    ck_assert_int_eq(program_files(), 0);
    program_free(&program);
}
END_TEST

/* What is said of PreNorm is not said of PostNorm. */
START_TEST(a_claim_that_does_not_apply)
{
    struct program other = PROGRAM("verify", "liu-depth", "--tier", "smoke", "-n", "64", "-p", "postnorm");
    ck_assert_msg(other.status == 4, "status %d: %s%s", other.status, other.out, other.err);
    ck_assert_ptr_nonnull(strstr(other.out, "liu-depth does not apply: the claim says nothing of placement=postnorm"));
    ck_assert_ptr_nonnull(strstr(other.out, "0 against expectation"));
    program_free(&other);
}
END_TEST

Suite *predict_suite(void)
{
    Suite *suite = suite_create("predict");
    TCase *tests = tcase_create("predict");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_add_test(tests, json_of_a_prediction);
    tcase_add_test(tests, bounds_enclose_the_prediction);
    tcase_add_test(tests, csv_of_a_prediction);
    tcase_add_test(tests, run_with_a_prediction);
    tcase_add_test(tests, other_laws_have_the_limit);
    tcase_add_test(tests, other_laws_have_the_limits_options);
    tcase_add_test(tests, options_without_a_part_are_named);
    tcase_add_test(tests, what_is_not_known_to_suffice_is_drawn);
    tcase_add_test(tests, an_error_that_is_not_known_is_said);
    tcase_add_test(tests, replicas_keep_to_the_budget);
    tcase_add_test(tests, quantities_have_errors);
    tcase_add_loop_test(tests, nothing_else_is_written, 0, 2);
    tcase_add_test(tests, threads_change_nothing);
    tcase_add_test(tests, maps_are_predictions);
    tcase_add_test(tests, maps_at_a_width_are_predictions);
    tcase_add_test(tests, a_point_that_is_no_model_ends_all_maps);
    tcase_add_test(tests, a_dry_run_counts_points);
    tcase_add_test(tests, dry_runs_say_what_they_are);
    tcase_add_test(tests, a_run_counts_its_prediction);
    tcase_add_loop_test(tests, roots_at_a_width_are_predictions, 0, 2);
    tcase_add_test(tests, a_root_of_one_stack_has_no_known_error);
    tcase_add_test(tests, threads_are_no_more_than_points);
    tcase_add_loop_test(tests, no_root_is_told_with_its_error, 0, 3);
    tcase_add_loop_test(tests, mistakes_are_named, 0, (int)(sizeof mistakes / sizeof *mistakes));
    tcase_add_test(tests, a_claim_that_does_not_apply);
    suite_add_tcase(suite, tests);
    return suite;
}
