/* What run writes, read by jansson and by the rules of CSV; the program runs as a user runs it. */
#include <check.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/overall.h"
#include "sim/observe.h"
#include "analysis/overall.h"
#include "tests/program.h"
#include <check.h>

#define TINY "-L", "3", "-d", "12", "-H", "3", "-T", "3", "-F", "7", "-e", "dense"

/* A key and the letter of its type: s(tring), i(nteger), r(eal), n: a real or null. */
struct key {
    const char *name;
    char type;
};

static bool has_type(const json_t *value, char type)
{
    return type == 's'   ? json_is_string(value)
           : type == 'i' ? json_is_integer(value)
           : type == 'n' ? json_is_null(value) || json_is_real(value)
                         : json_is_real(value);
}

/* The object has these keys, of these types, and no other. */
static void check_keys(const json_t *object, const struct key keys[], size_t count)
{
    ck_assert(json_is_object(object));
    ck_assert_uint_eq(json_object_size(object), count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(has_type(json_object_get(object, keys[i].name), keys[i].type), "%s", keys[i].name);
}

#define CHECK_KEYS(object, keys) check_keys(object, keys, sizeof keys / sizeof *keys)

static const struct key config_keys[] = {
    {"placement", 's'},
    {"formula", 's'},
    {"init", 's'},
    {"c", 'r'},
    {"s", 'r'},
    {"layers", 'i'},
    {"width", 'i'},
    {"heads", 'i'},
    {"tokens", 'i'},
    {"ffn_width", 'i'},
    {"experts", 'i'},
    {"top_k", 'i'},
    {"router", 's'},
    {"norm", 's'},
    {"activation", 's'},
    {"mask", 's'},
    {"kv_heads", 'i'},
    {"head_width", 'i'},
    {"window", 'i'},
    {"scale", 'r'},
    {"rope", 'r'},
    {"rotary", 'r'},
    {"bias", 's'},
    {"cap", 'r'},
    {"sink", 'i'},
    {"bias_sd", 'r'},
    {"sink_sd", 'r'},
    {"rope_scaling", 's'},
    {"rope_factor", 'r'},
    {"rope_length", 'r'},
    {"rope_gain", 'r'},
    {"law", 's'},
    {"memory_tokens", 'i'},
    {"memory_correlation", 'r'},
    {"input_correlation", 'r'},
    {"input_scale", 'r'},
    {"eps", 'r'},
    {"init_formula", 's'},
    {"engine", 's'},
    {"cotangent", 's'},
    {"vocabulary", 'i'},
    {"zipf", 'r'},
    {"single", 'i'},
    {"samples", 'i'},
    {"first_sample", 'i'},
    {"seed", 'i'},
};
static const struct key manifest_keys[] = {{"version", 's'}, {"commit", 's'},  {"blas", 's'},
                                           {"threads", 'i'}, {"seconds", 'r'}, {"peak_bytes", 'i'}};
static const struct key value_keys[] = {{"mean", 'n'},       {"sd", 'n'},       {"se", 'n'},
                                        {"lo", 'n'},         {"hi", 'n'},       {"n", 'i'},
                                        {"log10_mean", 'n'}, {"mean_log", 'n'}, {"sd_log", 'n'}};

/* Parses one profile and checks it against the schema. */
static json_t *parse(const char *text, int layers)
{
    json_error_t why;
    json_t *profile = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    ck_assert_msg(profile != NULL, "%s", why.text);
    ck_assert_uint_eq(json_object_size(profile), 6);
    ck_assert_str_eq(json_string_value(json_object_get(profile, "schema")), "spanscope/profile/1");
    ck_assert_str_eq(json_string_value(json_object_get(profile, "kind")), "measured");
    CHECK_KEYS(json_object_get(profile, "config"), config_keys);
    CHECK_KEYS(json_object_get(profile, "manifest"), manifest_keys);
    const json_t *array = json_object_get(profile, "layers");
    ck_assert_int_eq((int)json_array_size(array), layers + 1);
    for (int l = 0; l <= layers; l++) {
        json_t *layer = json_array_get(array, (size_t)l), *value;
        const char *name;
        ck_assert_int_eq((int)json_integer_value(json_object_get(layer, "layer")), l);
        json_object_foreach(layer, name, value) if (strcmp(name, "layer") != 0) CHECK_KEYS(value, value_keys);
    }
    return profile;
}

static const json_t *value_of(const json_t *profile, int layer, const char *observable)
{
    return json_object_get(json_array_get(json_object_get(profile, "layers"), (size_t)layer), observable);
}

static double number(const json_t *profile, int layer, const char *observable, const char *key)
{
    const json_t *value = json_object_get(value_of(profile, layer, observable), key);
    ck_assert_msg(json_is_number(value), "%s.%s at %d", observable, key, layer);
    return json_number_value(value);
}

START_TEST(json_follows_the_schema)
{
    struct program program = PROGRAM("run", TINY, "-p", "prenorm", "-p", "x = norm(x + attn(x) + ffn(x))", "-n", "5",
                                     "-f", "json", "--seed", "9223372036854775807");
    ck_assert_int_eq(program.status, 0);
    char *second = strchr(program.out, '\n') + 1; // a line each
    ck_assert_ptr_eq(strchr(second, '\n') + 1, second + strlen(second));
    second[-1] = '\0';
    json_t *one = parse(program.out, 3), *two = parse(second, 3);
    const json_t *config = json_object_get(two, "config");
    ck_assert_str_eq(json_string_value(json_object_get(config, "placement")), "custom");
    ck_assert_str_eq(json_string_value(json_object_get(config, "formula")), "x = norm(x + attn(x) + ffn(x))");
    ck_assert_str_eq(json_string_value(json_object_get(config, "init")), "scaleinit");
    ck_assert_int_eq((int)json_integer_value(json_object_get(config, "ffn_width")), 7);
    ck_assert_int_eq((int)json_integer_value(json_object_get(config, "samples")), 5);
    ck_assert(json_integer_value(json_object_get(config, "seed")) == INT64_MAX);
    /* What a layer does not have is absent, not zero. */
    ck_assert_ptr_null(value_of(one, 0, "layer_cosine"));
    ck_assert_ptr_null(value_of(one, 0, "branch_ratio.attn"));
    ck_assert_ptr_nonnull(value_of(one, 1, "layer_cosine"));
    ck_assert_ptr_nonnull(value_of(one, 3, "weight_gradient_variance.ffn.w2"));
    json_decref(one), json_decref(two);
    program_free(&program);
}
END_TEST

/* The statistics hold together: se = sd/sqrt(n), lo and hi at t = 2.776445 for n = 5, log10 of the mean. */
START_TEST(statistics_hold_together)
{
    struct program program = PROGRAM("run", TINY, "-n", "5", "-f", "json");
    json_t *profile = parse(program.out, 3);
    for (int l = 0; l <= 3; l++) {
        double mean = number(profile, l, "gradient_variance", "mean"),
               sd = number(profile, l, "gradient_variance", "sd");
        double se = number(profile, l, "gradient_variance", "se");
        ck_assert(mean > 0 && sd > 0);
        ck_assert_double_eq_tol(se * sqrt(5) / sd, 1, 1e-14);
        ck_assert_double_eq_tol((number(profile, l, "gradient_variance", "hi") - mean) / se, 2.7764451, 1e-6);
        ck_assert_double_eq_tol((mean - number(profile, l, "gradient_variance", "lo")) / se, 2.7764451, 1e-6);
        ck_assert_double_eq_tol(number(profile, l, "gradient_variance", "log10_mean"), log10(mean), 1e-14);
        ck_assert_double_le(number(profile, l, "gradient_variance", "mean_log"), log(mean)); // Jensen
    }
    json_decref(profile);
    program_free(&program);
}
END_TEST

/* A gradient of 10^-1096: no number out of range, and none that is not finite, is ever written. */
START_TEST(what_double_cannot_hold_is_null)
{
    struct program program = PROGRAM("run", "-L", "2500", "-d", "12", "-T", "3", "-F", "7", "-n", "2", "-f", "json",
                                     "-p", "x = norm(x + ffn(1e6*x))", "-i", "unit", "--activation", "tanh");
    ck_assert_int_eq(program.status, 0);
    ck_assert_ptr_null(strstr(program.out, "inf"));
    ck_assert_ptr_null(strstr(program.out, "nan"));
    json_t *profile = parse(program.out, 2500);
    const json_t *deep = value_of(profile, 0, "gradient_variance");
    ck_assert(json_is_null(json_object_get(deep, "mean")) && json_is_null(json_object_get(deep, "lo")));
    double log10_mean = number(profile, 0, "gradient_variance", "log10_mean");
    ck_assert(log10_mean < -700 && log10_mean > -2000);
    ck_assert_double_le(number(profile, 0, "gradient_variance", "mean_log"), log10_mean * log(10));
    json_decref(profile);
    program_free(&program);
}
END_TEST

/* One CSV field after the other; quotes as in RFC 4180. */
static const char *next_field(const char *text, char *field, size_t size)
{
    size_t length = 0;
    bool quoted = *text == '"';
    text += quoted;
    while (*text && (quoted || (*text != ',' && *text != '\n'))) {
        if (quoted && *text == '"' && *++text != '"')
            break;
        ck_assert_uint_lt(length, size - 1);
        field[length++] = *text++;
    }
    field[length] = '\0';
    return *text ? text + 1 : text;
}

static size_t count_fields(const char *line)
{
    size_t count = 1;
    for (; *line != '\n'; line++)
        count += *line == ',';
    return count;
}

/* The rest of a row says what config does, under its names; returns the next row. */
static const char *check_config(const char *head, const char *row, const json_t *config)
{
    while (row[-1] != '\n') {
        char key[64], text[512];
        head = next_field(head, key, sizeof key);
        row = next_field(row, text, sizeof text);
        const json_t *value = json_object_get(config, key);
        if (json_is_string(value))
            ck_assert_str_eq(text, json_string_value(value));
        else
            ck_assert_msg(json_is_number(value) && strtod(text, NULL) == json_number_value(value), "%s: %s", key, text);
    }
    return row;
}

/* The same numbers, to the last bit, as the JSON of the same run. */
START_TEST(csv_says_the_same_as_json)
{
    struct program csv = PROGRAM("run", TINY, "-n", "4", "-f", "csv", "--per-token", "--tidy");
    struct program json = PROGRAM("run", TINY, "-n", "4", "-f", "json", "--per-token");
    static const char header[] = "kind,placement,init,layer,observable,mean,sd,se,lo,hi,n,";
    ck_assert_int_eq(strncmp(csv.out, header, strlen(header)), 0);
    json_t *profile = parse(json.out, 3);
    const json_t *config = json_object_get(profile, "config");
    ck_assert_uint_eq(count_fields(csv.out), 11 + json_object_size(config) - 2); // placement and init are in front
    size_t rows = 0, values = 0;
    for (const char *line = strchr(csv.out, '\n') + 1; *line; rows++) {
        char field[11][128];
        for (int i = 0; i < 11; i++)
            line = next_field(line, field[i], sizeof field[i]);
        line = check_config(csv.out + strlen(header), line, config);
        ck_assert_str_eq(field[0], "measured");
        ck_assert_str_eq(field[1], "spannorm");
        ck_assert_str_eq(field[2], "scaleinit");
        int layer = (int)strtol(field[3], NULL, 10);
        static const char *const keys[] = {"mean", "sd", "se", "lo", "hi", "n"};
        const json_t *whole = json_object_get(json_object_get(profile, "stack"), field[4]);
        for (int k = 0; k < 6; k++)
            ck_assert_double_eq(strtod(field[5 + k], NULL), *field[3]
                                                                ? number(profile, layer, field[4], keys[k])
                                                                : json_number_value(json_object_get(whole, keys[k])));
    }
    values += json_object_size(json_object_get(profile, "stack"));
    for (int l = 0; l <= 3; l++)
        values += json_object_size(json_array_get(json_object_get(profile, "layers"), (size_t)l)) - 1;
    ck_assert_uint_eq(rows, values);
    json_decref(profile);
    program_free(&csv), program_free(&json);
}
END_TEST

START_TEST(csv_quotes_what_it_must)
{
    program_write("a, \"b\".txt", "x = norm(x + ffn(x))");
    struct program program = PROGRAM("run", TINY, "-n", "2", "-f", "csv", "-p", "./a, \"b\".txt", "-p", "prenorm");
    ck_assert_msg(program.status == 0, "%s", program.err);
    char field[11][128];
    const char *line = strchr(program.out, '\n') + 1;
    for (int i = 0; i < 11; i++)
        line = next_field(line, field[i], sizeof field[i]);
    ck_assert_str_eq(field[1], "a, \"b\"");
    ck_assert_str_eq(field[4], "activation_variance");
    ck_assert_ptr_eq(strstr(program.out, "kind,"), program.out);
    ck_assert_ptr_null(strstr(program.out + 1, "kind,")); // one header for both
    program_free(&program);
}
END_TEST

/* Everything but the manifest. */
static char *layers_of(const char *const arguments[])
{
    struct program program = program_start(arguments, NULL, NULL);
    ck_assert_msg(program.status == 0, "%s", program.err);
    json_t *profile = json_loads(program.out, 0, NULL);
    char *text = json_dumps(json_object_get(profile, "layers"), JSON_COMPACT);
    json_decref(profile);
    program_free(&program);
    return text;
}

#define LAYERS(...) layers_of((const char *const[]){"run", TINY, "-f", "json", __VA_ARGS__, NULL})

START_TEST(results_depend_on_nothing_else)
{
    char *one = LAYERS("-n", "9", "-j", "1"), *two = LAYERS("-n", "9", "-j", "2"),
         *small = LAYERS("-n", "9", "-m", "90k");
    char *seed = LAYERS("-n", "9", "-s", "18446744073709551615"), *low = LAYERS("-n", "9", "-s", "4294967295");
    ck_assert_int_eq(strcmp(one, two), 0); // the texts are too long for Check's messages
    ck_assert_int_eq(strcmp(one, small), 0);
    ck_assert_int_ne(strcmp(one, seed), 0);
    ck_assert_int_ne(strcmp(seed, low), 0); // the same in its lower 32 bits
    free(one), free(two), free(small), free(seed), free(low);
}
END_TEST

/* Two shards of a sample each are the two samples of the whole: Welford's mean of a and b is a + (b - a)/2. */
START_TEST(shards_are_parts_of_the_whole)
{
    struct program parts[3] = {PROGRAM("run", TINY, "-n", "2", "-f", "json", "--shard", "1/2"),
                               PROGRAM("run", TINY, "-n", "2", "-f", "json", "--shard", "2/2"),
                               PROGRAM("run", TINY, "-n", "2", "-f", "json")};
    json_t *profiles[3];
    for (int i = 0; i < 3; i++)
        profiles[i] = json_loads(parts[i].out, 0, NULL);
    for (int i = 0; i < 2; i++) {
        const json_t *config = json_object_get(profiles[i], "config");
        ck_assert_str_eq(json_string_value(json_object_get(config, "shard")), i == 0 ? "1/2" : "2/2");
        ck_assert_int_eq((int)json_integer_value(json_object_get(config, "first_sample")), i);
        ck_assert_int_eq((int)json_integer_value(json_object_get(config, "samples")), 1);
    }
    ck_assert_ptr_null(json_object_get(json_object_get(profiles[2], "config"), "shard"));
    for (int l = 0; l <= 3; l++) {
        double a = number(profiles[0], l, "gradient_variance", "mean");
        double b = number(profiles[1], l, "gradient_variance", "mean");
        ck_assert_double_eq(number(profiles[2], l, "gradient_variance", "mean"), a + (b - a) / 2);
    }
    for (int i = 0; i < 3; i++)
        json_decref(profiles[i]), program_free(&parts[i]);
}
END_TEST

/* Unequal parts: 7 samples in 3 are 2, 2 and 3, one behind the other. */
START_TEST(shards_cover_every_sample_once)
{
    int expected = 0;
    for (int i = 1; i <= 3; i++) {
        char shard[16];
        snprintf(shard, sizeof shard, "%d/3", i);
        struct program program = PROGRAM("run", TINY, "-n", "7", "-f", "json", "--shard", shard);
        json_t *profile = json_loads(program.out, 0, NULL);
        const json_t *config = json_object_get(profile, "config");
        ck_assert_int_eq((int)json_integer_value(json_object_get(config, "first_sample")), expected);
        expected += (int)json_integer_value(json_object_get(config, "samples"));
        json_decref(profile);
        program_free(&program);
    }
    ck_assert_int_eq(expected, 7);
}
END_TEST

START_TEST(the_largest_seed_is_told)
{
    struct program program = PROGRAM("run", TINY, "-n", "2", "-f", "json", "-s", "18446744073709551615");
    json_t *profile = json_loads(program.out, 0, NULL); // 2^63 and above are text
    const json_t *seed = json_object_get(json_object_get(profile, "config"), "seed");
    ck_assert_str_eq(json_string_value(seed), "18446744073709551615");
    json_decref(profile);
    program_free(&program);
}
END_TEST

START_TEST(tables_have_a_row_for_every_layer)
{
    struct program program = PROGRAM("run", TINY, "-n", "4");
    const char *head = strstr(program.out, "\nlayer ");
    ck_assert_ptr_nonnull(head);
    int lines = 0;
    for (const char *c = head + 1; *c; c++)
        lines += *c == '\n';
    ck_assert_int_eq(lines, 1 + 4 + 1 + OVERALLS);
    for (int id = 0; id < OBSERVABLES; id++)
        if (observables[id].span <= OBSERVE_PER_STATE && observables[id].need != OBSERVE_MIXTURE)
            ck_assert_msg((strstr(program.out, observables[id].summary) == NULL) == observables[id].detail, "%s",
                          observables[id].name);
    program_free(&program);
}
END_TEST

Suite *format_suite(void)
{
    Suite *suite = suite_create("format");
    TCase *tests = tcase_create("format");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_add_test(tests, json_follows_the_schema);
    tcase_add_test(tests, statistics_hold_together);
    tcase_add_test(tests, what_double_cannot_hold_is_null);
    tcase_add_test(tests, csv_says_the_same_as_json);
    tcase_add_test(tests, csv_quotes_what_it_must);
    tcase_add_test(tests, results_depend_on_nothing_else);
    tcase_add_test(tests, shards_are_parts_of_the_whole);
    tcase_add_test(tests, shards_cover_every_sample_once);
    tcase_add_test(tests, the_largest_seed_is_told);
    tcase_add_test(tests, tables_have_a_row_for_every_layer);
    suite_add_tcase(suite, tests);
    return suite;
}
