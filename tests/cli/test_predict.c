/* spanscope predict, run --predict and a verdict against expectation, as a user runs them. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/printed.h"
#include "tests/program.h"

enum { LAYERS = 3, ARGUMENTS = 24 };
#define SHAPE "-d", "12", "-H", "3", "-T", "3", "-F", "7"
#define TINY  "-L", "3", SHAPE

/* What every cell of a prediction is checked for. */
typedef void check_cell(const char *name, const json_t *cell);

static void check_prediction(const json_t *profile, check_cell *check)
{
    ck_assert_uint_eq(json_object_size(profile), 6 + (json_object_get(profile, "log_gradient_ratio") != NULL));
    ck_assert_str_eq(printed_text(profile, "schema"), "spanscope/profile/1");
    ck_assert_str_eq(printed_text(profile, "kind"), "predicted");
    ck_assert_str_eq(printed_text(json_object_get(profile, "config"), "engine"), "moments");
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
        ck_assert_ptr_nonnull(printed_cell(profile, (int)l, "gradient_variance"));
}

/* mean, log10_mean and se, and nothing that only samples have; the logarithm is null where the mean is not above 0. */
static void check_numbers(const char *name, const json_t *cell)
{
    double mean = printed_number(cell, "mean"), se = printed_number(cell, "se");
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
    ck_assert_int_eq(printed_lines(program.out), 2);
    static const char *const placements[] = {"prenorm", "custom"};
    for (int i = 0; i < 2; i++) {
        json_t *profile = printed_line(program.out, i);
        ck_assert_str_eq(printed_text(json_object_get(profile, "config"), "placement"), placements[i]);
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
    double mean = printed_number(cell, "mean"), slack = SLACK * (1 + fabs(mean));
    if (json_object_get(cell, "floor")) {
        floors++;
        ck_assert_msg(printed_number(cell, "floor") <= mean + slack, "%s: %g below its floor", name, mean);
    }
    if (json_object_get(cell, "ceiling")) {
        ceilings++;
        ck_assert_msg(printed_number(cell, "ceiling") >= mean - slack, "%s: %g above its ceiling", name, mean);
    }
}

START_TEST(bounds_enclose_the_prediction)
{
    static const char *const placements[] = {"prenorm", "postnorm", "spannorm"};
    struct program program = PROGRAM("predict", TINY, "-p", "prenorm", "-p", "postnorm", "-p", "spannorm", "-f", "json",
                                     "--bounds", "--width-limit", "-i", "unit");
    ck_assert_msg(program.status == 0, "%s", program.err);
    for (int i = 0; i < 3; i++) {
        json_t *profile = printed_line(program.out, i);
        ck_assert_str_eq(printed_text(json_object_get(profile, "config"), "placement"), placements[i]);
        floors = ceilings = 0;
        check_prediction(profile, check_bounds);
        ck_assert_int_ge(floors, 3 * LAYERS); // of variances, cosines and gradients at least
        ck_assert_int_ge(ceilings, 3 * LAYERS);
        const json_t *cell = printed_cell(profile, 0, "gradient_variance"); // neither is the prediction itself
        ck_assert(printed_number(cell, "floor") < printed_number(cell, "ceiling"));
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
    json_t *profile = printed_line(json.out, 0);
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
        const json_t *cell = printed_cell(profile, (int)strtol(field[3], NULL, 10), field[4]);
        ck_assert_msg(cell != NULL, "%s at layer %s", field[4], field[3]);
        ck_assert_double_eq(strtod(field[5], NULL), printed_number(cell, "mean"));
        ck_assert_double_eq(strtod(field[7], NULL), printed_number(cell, "se"));
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
    ck_assert_int_eq(printed_lines(both.out), 2);
    static const char *const kinds[] = {"measured", "predicted"};
    const char *const alone[] = {run.out, predict.out};
    for (int i = 0; i < 2; i++) {
        json_t *one = printed_line(both.out, i), *other = printed_line(alone[i], 0);
        ck_assert_str_eq(printed_text(one, "kind"), kinds[i]);
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
    json_t *profile = printed_line(program.out, 0);
    ck_assert(json_is_null(json_object_get(printed_cell(profile, 1, "activation_variance"), "se")));
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
    json_t *profiles[3] = {printed_line(drawn.out, 0), printed_line(limit.out, 0), printed_line(closed.out, 0)};
    for (int i = 0; i < 3; i++) {
        const json_t *stack = json_object_get(profiles[i], "stack");
        double se = printed_number(json_object_get(stack, "last_token_cosine"), "se");
        double own = printed_number(printed_cell(profiles[i], 3, "token_cosine"), "se");
        ck_assert(i < 2 ? own > 0 : own == 0);
        ck_assert_double_le(fabs(se - own), 1e-9 * own);
    }
    const json_t *ratio = json_object_get(json_object_get(profiles[0], "stack"), "gradient_ratio");
    double spread = printed_number(json_object_get(profiles[0], "log_gradient_ratio"), "sd") / sqrt(REPLICAS);
    ck_assert_double_eq_tol(printed_number(ratio, "se") / printed_number(ratio, "mean") / spread, 1, 0.15);
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
    json_decref(printed_line(program.out, 0));
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
        profiles[i] = printed_line(program.out, 0);
        check_prediction(profiles[i], check_numbers);
        program_free(&program);
    }
    ck_assert(printed_number(printed_cell(profiles[0], 0, "gradient_variance"), "se") > 0);
    const json_t *first = json_object_get(profiles[0], "layers");
    ck_assert(json_equal(first, json_object_get(profiles[1], "layers")));
    ck_assert(!json_equal(first, json_object_get(profiles[2], "layers")));
    for (int i = 0; i < 3; i++)
        json_decref(profiles[i]);
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
    ck_assert_int_eq(printed_lines(program.out), 0);
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
    tcase_add_loop_test(tests, mistakes_are_named, 0, (int)(sizeof mistakes / sizeof *mistakes));
    tcase_add_test(tests, a_claim_that_does_not_apply);
    suite_add_tcase(suite, tests);
    return suite;
}
