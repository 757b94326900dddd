/* spanscope train, as a user runs it. */
#include <ctype.h>
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/store.h"
#include "tests/program.h"

#define MODEL "--layers=3,2", "--width=12", "--heads=3", "--tokens=7", "--batch=3", "--lr=1e-3,4e-3"

static void check_clean(const struct program *program)
{
    ck_assert_msg(program->status == 0, "%d: %s", program->status, program->err);
    ck_assert_str_eq(program->err, "");
}

/* Of a training in double or in single precision. */
static const char *const precisions[] = {"--no-progress", "--single"};

#define RUNS "train", MODEL, "--steps=9", "--seeds=2", "--measure=0,9", "-f", "json", precisions[_i]

START_TEST(threads_leave_no_trace)
{
    struct program one = PROGRAM(RUNS, "-j", "1"), three = PROGRAM(RUNS, "-j", "3");
    check_clean(&one);
    check_clean(&three);
    ck_assert_str_eq(one.out, three.out);
    program_free(&one);
    program_free(&three);
}
END_TEST

static void wait_for(const char *name)
{
    for (int i = 0; i < 4000; i++) {
        char *text = program_read(name);
        free(text);
        if (text)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    ck_abort_msg("%s never came", name);
}

#define LONG "train", MODEL, "--steps=400", "--seeds=2", "--measure=0,30,400", "-f", "json", "-j", "2", "-o", "out.json"

/* Killed twice on the way, at whatever step that is: the third process ends with the bytes of one that was not. */
START_TEST(killed_runs_go_on_with_the_same_bits)
{
    bool stored = _i % 2;
    const char *option = stored ? "--store" : "--checkpoint", *precision = precisions[_i / 2];
    struct program whole = PROGRAM(LONG, precision);
    check_clean(&whole);
    char *expected = program_read("out.json");
    ck_assert_ptr_nonnull(expected);
    const char *const arguments[] = {LONG, precision, option, "runs", "--checkpoint-every", "0", NULL};
    for (int i = 0; i < 2; i++) {
        pid_t child = program_launch(arguments);
        wait_for("runs");
        nanosleep(&(struct timespec){.tv_nsec = 60000000L * (i + 1)}, NULL);
        kill(child, SIGKILL);
        ck_assert_int_eq(program_wait(child), -SIGKILL);
    }
    struct program last = PROGRAM(LONG, precision, option, "runs");
    check_clean(&last);
    char *found = program_read("out.json");
    ck_assert_str_eq(found, expected);
    free(found);
    struct program other = PROGRAM("train", "--steps=3", option, "runs"); // a store takes any
    ck_assert_int_eq(other.status, stored ? 0 : 2);
    ck_assert(stored || strstr(other.err, "other runs"));
    free(expected);
    program_free(&whole);
    program_free(&last);
    program_free(&other);
}
END_TEST

#define SMALL "--width=12", "--heads=3", "--steps=9"
#define PAIR  "train", "-p", "postnorm,spannorm", SMALL

static int lines(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* A text is an option by its name, and a run by what it holds. */
START_TEST(a_changed_text_is_told)
{
#define OF_TEXT "train", "--task=text:words", "-T", "8", SMALL, "-L", "1", "--checkpoint", "runs", "-q"
    program_write("words", "What is written here is what is learned.");
    struct program first = PROGRAM(OF_TEXT), again = PROGRAM(OF_TEXT);
    program_write("words", "What is written here has changed since then.");
    struct program changed = PROGRAM(OF_TEXT), other = PROGRAM(OF_TEXT, "--lr", "0.01");
    ck_assert_msg(first.status == 0 && again.status == 0, "%s%s", first.err, again.err);
    ck_assert_int_eq(changed.status, 2);
    ck_assert_msg(strstr(changed.err, "runs: a checkpoint of the same options, but the task's text has changed"), "%s",
                  changed.err);
    ck_assert_msg(strstr(other.err, "runs: a checkpoint of other runs"), "%s", other.err);
    struct program *all[] = {&first, &again, &changed, &other};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        program_free(all[i]);
}
END_TEST

/* Changes the first byte behind `before` in a checkpoint of the folder, and the sum at its end. */
static void alter(const char *name, const char *before)
{
    char path[256], bytes[1 << 16];
    snprintf(path, sizeof path, "%s/%s", program_folder(), name);
    FILE *file = fopen(path, "r+b");
    size_t length = fread(bytes, 1, sizeof bytes, file);
    char *at = memmem(bytes, length, before, strlen(before));
    ck_assert_ptr_nonnull(at);
    at[strlen(before)]++;
    uint64_t sum = store_hash(STORE_HASH, bytes, length - sizeof sum);
    memcpy(bytes + length - sizeof sum, &sum, sizeof sum);
    rewind(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* Of a law of training that was counted up since, as of other settings, nothing is taken. */
START_TEST(another_version_is_told)
{
#define KEPT "train", SMALL, "-L", "1", "--checkpoint", "runs", "-q"
    struct program first = PROGRAM(KEPT);
    check_clean(&first);
    alter("runs", "training ");
    program_check_error(PROGRAM(KEPT), 2,
                        "runs: a checkpoint of another version of this program, which trains otherwise");
    program_free(&first);
    program_remove("runs");
    first = PROGRAM(KEPT);
    alter("runs", "\"layers\":");
    program_check_error(PROGRAM(KEPT), 2, "runs: a checkpoint of other runs");
    program_free(&first);
}
END_TEST

/* Profiles are made of samples: of a store of trainings there are none, and of one of both the trainings are left out. */
START_TEST(merge_says_what_it_takes)
{
    struct program trained = PROGRAM("train", SMALL, "-L", "2", "-q", "--store", "a"), none = PROGRAM("merge", "a"),
                   sampled = PROGRAM("run", "-L", "1", "-d", "8", "-T", "4", "-n", "2", "-q", "--store", "a"),
                   both = PROGRAM("merge", "a"), quiet = PROGRAM("merge", "a", "-q"),
                   copied = PROGRAM("merge", "a", "--store", "b");
    ck_assert_msg(trained.status == 0 && sampled.status == 0, "%s%s", trained.err, sampled.err);
    ck_assert_int_eq(none.status, 2);
    ck_assert_msg(strstr(none.err, "which `run --store` keeps, and there are none, but "), "%s", none.err);
    ck_assert_str_eq(none.out, "");
    ck_assert_int_eq(both.status, 0);
    ck_assert_msg(strstr(both.err, "spanscope merge: 1 training runs are left out; "), "%s", both.err);
    ck_assert_str_eq(quiet.err, "");
    ck_assert_str_eq(quiet.out, both.out);
    ck_assert_str_eq(copied.err, "");
    struct program *all[] = {&trained, &none, &sampled, &both, &quiet, &copied};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        program_free(all[i]);
}
END_TEST

/* A run is found again by what decides its bits, whatever command it was part of; two stores are merged into one. */
START_TEST(a_store_is_of_runs_of_any_command)
{
    struct program whole = PROGRAM(PAIR, "-L", "2,3", "--seeds=2");
    struct program one = PROGRAM(PAIR, "-L", "3", "--store", "a"),
                   two = PROGRAM("train", "-p", "y = norm(x + attn(x)); x = norm(y + ffn(y))", SMALL, "-L", "2", "-s",
                                 "2", "--store", "b");
    struct program merged = PROGRAM("merge", "a", "b", "--store", "c");
    struct program before = PROGRAM("store", "c");
    struct program from_store = PROGRAM(PAIR, "-L", "2,3", "--seeds=2", "--store", "c");
    struct program after = PROGRAM("store", "c");
    struct program check = PROGRAM("store", "--check", "c");
    struct program prune = PROGRAM("store", "--prune", "-L", "2", "c");
    struct program left = PROGRAM("store", "c");
    check_clean(&one);
    check_clean(&two);
    check_clean(&merged);
    check_clean(&check);
    ck_assert_str_eq(from_store.out, whole.out);
    ck_assert_ptr_nonnull(strstr(before.out, "0 configurations, 0 samples; 3 training runs\n"));
    ck_assert_ptr_nonnull(strstr(after.out, "; 8 training runs\n")); // the text is postnorm's, so 5 were missing
    ck_assert_str_eq(prune.out, "0 configurations and 4 training runs removed\n");
    ck_assert_ptr_nonnull(strstr(left.out, "; 4 training runs\n"));
    struct program *all[] = {&whole, &one, &two, &merged, &before, &from_store, &after, &check, &prune, &left};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        program_free(all[i]);
}
END_TEST

/* The same training in both precisions is two runs of a store, and neither goes on where the other stopped. */
START_TEST(precisions_are_told_apart)
{
    struct program twice = PROGRAM(PAIR, "-L", "2", "-f", "json", "--store", "a");
    struct program once = PROGRAM(PAIR, "-L", "2", "-f", "json", "--single", "--store", "a");
    struct program again = PROGRAM(PAIR, "-L", "2", "-f", "json", "--single", "--store", "a");
    struct program without = PROGRAM(PAIR, "-L", "2", "-f", "json", "--single");
    struct program store = PROGRAM("store", "a");
    struct program kept = PROGRAM(PAIR, "-L", "2", "--checkpoint", "b");
    struct program refused = PROGRAM(PAIR, "-L", "2", "--checkpoint", "b", "--single");
    check_clean(&twice), check_clean(&once), check_clean(&without), check_clean(&kept);
    ck_assert_str_ne(twice.out, once.out);
    ck_assert_str_eq(once.out, again.out);
    ck_assert_str_eq(once.out, without.out);
    ck_assert_ptr_nonnull(strstr(twice.out, "\"single\":0,"));
    ck_assert_ptr_nonnull(strstr(once.out, "\"single\":1,"));
    ck_assert_ptr_nonnull(strstr(store.out, "; 4 training runs\n"));
    ck_assert_int_eq(refused.status, 2);
    ck_assert_ptr_nonnull(strstr(refused.err, "other runs"));
    struct program *all[] = {&twice, &once, &again, &without, &store, &kept, &refused};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        program_free(all[i]);
}
END_TEST

#define COLLAPSING "train", "-p", "x=norm(0.5*x+attn(x))", "--init", "unit", "-L", "60", "--steps=3"

/* Tokens that are one to single precision have no spread and are collapsed; that a number is left out is said. */
START_TEST(what_single_precision_leaves_out_is_said)
{
    struct program twice = PROGRAM(COLLAPSING, "-f", "csv", "--columns", "spread");
    struct program once = PROGRAM(COLLAPSING, "-f", "csv", "--columns", "spread", "--single");
    struct program json = PROGRAM(COLLAPSING, "-f", "json", "--measure=0", "--single");
    struct program table = PROGRAM(COLLAPSING, "--single", "--quiet");
    check_clean(&twice), check_clean(&table);
    ck_assert_str_eq(once.out, "spread\n\n\n\n");
    ck_assert_int_eq(strncmp(once.err, "3 numbers are left out: single precision", 40), 0);
    ck_assert_ptr_nonnull(strstr(json.out, "\"spread\":[null,null,null]"));
    ck_assert_ptr_nonnull(strstr(json.out, "\"collapsed\":0,"));
    ck_assert_int_gt(atoi(json.err), 3);
    ck_assert_ptr_nonnull(strstr(table.out, "         -  collapsed from step 0 on\n"));
    program_free(&twice), program_free(&once), program_free(&json), program_free(&table);
}
END_TEST

/* Other bytes in the place of a run's. */
static void spoil(const char *name)
{
    char path[256];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/%s", program_folder(), name);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "UPDATE trainings SET data = zeroblob(length(data)) WHERE id = 1", 0, 0, 0),
                     SQLITE_OK);
    sqlite3_close(db);
}

/* Bytes of a run in the file that are not those that were written. */
START_TEST(a_damaged_run_is_found)
{
    struct program kept = PROGRAM(PAIR, "-L", "2", "--store", "a"), found, dropped, again;
    check_clean(&kept);
    spoil("a");
    found = PROGRAM("store", "--check", "a");
    ck_assert_int_eq(found.status, 3);
    ck_assert_ptr_nonnull(strstr(found.err, "1 samples or runs are damaged"));
    again = PROGRAM(PAIR, "-L", "2", "--store", "a");
    ck_assert_int_eq(again.status, 3);
    ck_assert_ptr_nonnull(strstr(again.err, "a training run is damaged"));
    program_free(&again);
    dropped = PROGRAM("store", "--check", "--drop", "a");
    check_clean(&dropped);
    again = PROGRAM(PAIR, "-L", "2", "--store", "a");
    check_clean(&again);
    ck_assert_str_eq(again.out, kept.out);
    program_free(&kept), program_free(&found), program_free(&dropped), program_free(&again);
}
END_TEST

/* A byte more of the first run in the file, with the sum of all of them. */
static void lengthen(const char *name)
{
    char path[256], bytes[1 << 16] = "";
    sqlite3 *db;
    sqlite3_stmt *row, *change;
    snprintf(path, sizeof path, "%s/%s", program_folder(), name);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT data FROM trainings WHERE id = 1", -1, &row, NULL);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    int length = sqlite3_column_bytes(row, 0) + 1;
    memcpy(bytes, sqlite3_column_blob(row, 0), (size_t)length - 1);
    sqlite3_finalize(row);
    sqlite3_prepare_v2(db, "UPDATE trainings SET data = ?1, sum = ?2 WHERE id = 1", -1, &change, NULL);
    sqlite3_bind_blob(change, 1, bytes, length, SQLITE_STATIC);
    sqlite3_bind_int64(change, 2, (int64_t)store_hash(STORE_HASH, bytes, (size_t)length));
    ck_assert_int_eq(sqlite3_step(change), SQLITE_DONE);
    sqlite3_finalize(change);
    sqlite3_close(db);
}

START_TEST(a_run_ends_where_it_should)
{
    /* Of one thread, so that the first run in the file is the first that is asked for, and nothing is printed before. */
    struct program kept = PROGRAM(PAIR, "-L", "2", "--store", "a", "-j", "1");
    check_clean(&kept);
    lengthen("a");
    program_check_error(PROGRAM(PAIR, "-L", "2", "--store", "a", "-j", "1"), 3,
                        "a run's state goes on where it should end");
    program_free(&kept);
}
END_TEST

/* In CSV what varies, and with --tidy everything; in the table what varies. */
START_TEST(what_varies_has_a_column)
{
    struct program csv = PROGRAM(PAIR, "-T", "4,5", "--lr=1e-3,2e-3", "-f", "csv");
    struct program tidy = PROGRAM(PAIR, "-T", "4,5", "-f", "csv", "--tidy");
    struct program table = PROGRAM(PAIR, "-T", "4,5");
    check_clean(&csv);
    ck_assert_int_eq(strncmp(csv.out, "step,loss,bayes,spread,gradient_norm,lr,placement,init,tokens\n", 62), 0);
    ck_assert_ptr_nonnull(strstr(csv.out, ",0.002,spannorm,scaleinit,5\n"));
    ck_assert_int_eq(lines(csv.out), 1 + 2 * 2 * 2 * 9);
    check_clean(&tidy);
    for (const char *const *key = (const char *const[]){"task", "batch", "optimiser", "formula", "width", "eps", NULL};
         *key; key++)
        ck_assert_msg(strstr(tidy.out, *key) && strstr(tidy.out, *key) < strchr(tidy.out, '\n'), "no %s", *key);
    check_clean(&table);
    ck_assert_ptr_nonnull(strstr(table.out, "width  tokens          lr"));
    program_free(&csv), program_free(&tidy), program_free(&table);
}
END_TEST

/* A number as large as it can be, under its head: the last character of each column. */
START_TEST(columns_hold_any_number)
{
    struct program table = PROGRAM("train", "-L", "1", "-T", "4", "-B", "1", "--steps=2", "--lr", "1e23", "--seed",
                                   "18446744073709551614", "--seeds=2");
    check_clean(&table);
    const char *head = strstr(table.out, "placement "), *seed = strstr(head, "seed"), *loss = strstr(head, "loss");
    const char *row = strchr(head, '\n') + 1;
    ck_assert_msg(strncmp(row + (seed + 4 - head) - 20, "18446744073709551614", 20) == 0, "%s", table.out);
    ck_assert_msg(isdigit((unsigned char)row[loss + 3 - head]) && row[loss + 4 - head] == ' ', "%s", table.out);
    row = strchr(row, '\n') + 1;
    ck_assert_msg(strncmp(row + (seed + 4 - head) - 20, "18446744073709551615", 20) == 0, "%s", table.out);
    program_free(&table);
}
END_TEST

START_TEST(a_dry_run_trains_nothing)
{
    struct program program = PROGRAM("train", "-p", "postnorm,spannorm", "-L", "2,3", "-T", "4", "--seeds=3", "-n",
                                     "1000000000", "--store", "a", "--dry-run");
    check_clean(&program);
    ck_assert_ptr_nonnull(strstr(program.out, "12 runs of 1000000000 steps: about "));
    ck_assert_ptr_nonnull(strstr(program.out, "  memory    "));
    ck_assert_int_eq(program_files(), 0);
    program_free(&program);
    program = PROGRAM("train", "-L", "64", "-d", "256", "-m", "400M", "-j", "1", "--dry-run");
    ck_assert_int_eq(program.status, 3);
    ck_assert_ptr_nonnull(strstr(program.err, "training needs at least"));
    program_free(&program);
}
END_TEST

START_TEST(interrupted_runs_are_written)
{
    static const char *const arguments[] = {"train", "--layers=2", "--steps=1000000", "-f",   "json",
                                            "-o",    "out.json",   "--checkpoint",    "runs", "--checkpoint-every",
                                            "0.05",  NULL};
    pid_t child = program_launch(arguments);
    wait_for("runs");
    kill(child, SIGTERM);
    ck_assert_int_eq(program_wait(child), 130);
    char *text = program_read("out.json");
    ck_assert_ptr_nonnull(text);
    json_t *run = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(run);
    ck_assert(json_is_false(json_object_get(run, "finished")));
    ck_assert(json_is_null(json_object_get(run, "score")));
    ck_assert_uint_ge(json_array_size(json_object_get(run, "loss")), 1);
    json_decref(run);
    free(text);
}
END_TEST

/* Placements, then settings in the order of the options, then rates, then seeds; the last varies fastest. */
START_TEST(settings_make_their_product)
{
    struct program program = PROGRAM("train", "-p", "prenorm", "-p", "postnorm", "--width=6,12", "--layers=2:1,3",
                                     "--lr", "1,2");
    ck_assert_int_eq(program.status, 2);
    program_free(&program);
    program = PROGRAM("train", "-p", "prenorm", "-p", "postnorm", "--width=6,12", "--layers=1:3:3", "--lr=1e-4,1e-3",
                      "--seeds=2", "--steps=1", "-T", "3", "-B", "1", "-f", "json");
    check_clean(&program);
    const char *text = program.out;
    for (int i = 0; i < 48; i++) {
        json_error_t place;
        json_t *run = json_loads(text, JSON_DISABLE_EOF_CHECK, &place);
        ck_assert_ptr_nonnull(run);
        const json_t *config = json_object_get(run, "config"), *training = json_object_get(run, "training");
        ck_assert_str_eq(json_string_value(json_object_get(config, "placement")), i < 24 ? "prenorm" : "postnorm");
        ck_assert_int_eq(json_integer_value(json_object_get(config, "width")), i / 12 % 2 ? 12 : 6);
        ck_assert_int_eq(json_integer_value(json_object_get(config, "layers")), 1 + i / 4 % 3);
        ck_assert_double_eq(json_real_value(json_object_get(training, "lr")), i / 2 % 2 ? 1e-3 : 1e-4);
        ck_assert_int_eq(json_integer_value(json_object_get(training, "seed")), 1 + i % 2);
        text += place.position;
        json_decref(run);
    }
    ck_assert_str_eq(text, "\n");
    program_free(&program);
}
END_TEST

/* Every key that other programs read, and what it holds. */
START_TEST(json_is_whole)
{
    struct program program = PROGRAM("train", "-p", "postnorm", "--layers=1", "--steps=20", "--lr=1e-3", "-s",
                                     "18446744073709551615", "-f", "json");
    check_clean(&program);
    json_t *run = json_loads(program.out, 0, NULL), *training = json_object_get(run, "training");
    ck_assert_str_eq(json_string_value(json_object_get(run, "schema")), "spanscope/training/1");
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(run, "config"), "placement")), "postnorm");
    ck_assert_str_eq(json_string_value(json_object_get(training, "task")), "icl:4:0.1");
    ck_assert_str_eq(json_string_value(json_object_get(training, "seed")), "18446744073709551615");
    ck_assert_int_eq(json_integer_value(json_object_get(training, "steps")), 20);
    double excess = 0, room = 0;
    for (size_t i = 18; i < 20; i++) {
        double loss = json_real_value(json_array_get(json_object_get(run, "loss"), i));
        double bayes = json_real_value(json_array_get(json_object_get(run, "bayes"), i));
        excess += loss - bayes;
        room += log(4) - bayes;
    }
    double score = json_real_value(json_object_get(run, "score"));
    ck_assert(isfinite(score));
    ck_assert_double_le(fabs(score - excess / room), 1e-12);
    ck_assert(json_is_null(json_object_get(run, "collapsed")));
    ck_assert(json_is_null(json_object_get(run, "diverged")));
    json_decref(run);
    program_free(&program);
}
END_TEST

/* A run that blows up ends with its step, null where a number is not finite, and status 0. */
START_TEST(divergence_has_a_name)
{
    struct program program = PROGRAM("train", "-p", "x=x+ffn(x)", "--optimiser", "sgd", "--lr", "1e200", "--steps=30",
                                     "--layers=2", "-f", "json");
    check_clean(&program);
    json_t *run = json_loads(program.out, 0, NULL);
    ck_assert_ptr_nonnull(run);
    json_int_t step = json_integer_value(json_object_get(run, "diverged"));
    ck_assert_int_ge(step, 1);
    ck_assert(json_is_null(json_object_get(run, "score")));
    ck_assert(json_is_null(json_array_get(json_object_get(run, "gradient_norm"), (size_t)step)));
    json_decref(run);
    program_free(&program);
}
END_TEST

START_TEST(wrong_options_are_named)
{
    static const struct {
        const char *option, *words;
    } cases[] = {
        {"--task=icll:4:1", "did you mean 'icl'"},
        {"--optimiser=adm", "did you mean 'adam'"},
        {"--lr=1e-3:x", "'x' is not a finite number"},
        {"--lr=-1", "below 0"},
        {"--lr=1e-3,,", "not a finite number"},
        {"--beta1=1", "from 0 to below 1"},
        {"--momentum=0.5", "says nothing to the optimiser adam"},
        {"--base-width=8", "says nothing to the standard"},
        {"--mask=none", "--mask causal"},
        {"--layers=4:2", "4 is not below 2"},
        {"--layers=2.5", "not a whole number"},
        {"--warmup=151", "151 steps are more than all 150"},
        {"--measure=0,200", "--format json"},
        {"--measure=5,5", "ascend"},
        {"--input-correlation=0.5", "embeddings"},
        {"--tokens=1", "at least 2"},
        {"--memory=1k", "--memory"},
        {"--tidy", "--format csv"},
    };
    struct program program = PROGRAM("train", cases[_i].option);
    ck_assert_int_eq(program.status, _i == 16 ? 3 : 2);
    ck_assert_msg(strstr(program.err, cases[_i].words) != NULL, "%s", program.err);
    ck_assert_str_eq(program.out, "");
    program_free(&program);
}
END_TEST

Suite *training_suite(void)
{
    Suite *suite = suite_create("training");
    TCase *tests = tcase_create("command");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, threads_leave_no_trace, 0, 2);
    tcase_add_loop_test(tests, killed_runs_go_on_with_the_same_bits, 0, 4);
    tcase_add_test(tests, precisions_are_told_apart);
    tcase_add_test(tests, what_single_precision_leaves_out_is_said);
    tcase_add_test(tests, a_store_is_of_runs_of_any_command);
    tcase_add_test(tests, merge_says_what_it_takes);
    tcase_add_test(tests, a_changed_text_is_told);
    tcase_add_test(tests, another_version_is_told);
    tcase_add_test(tests, a_damaged_run_is_found);
    tcase_add_test(tests, a_run_ends_where_it_should);
    tcase_add_test(tests, what_varies_has_a_column);
    tcase_add_test(tests, columns_hold_any_number);
    tcase_add_test(tests, a_dry_run_trains_nothing);
    tcase_add_test(tests, interrupted_runs_are_written);
    tcase_add_test(tests, settings_make_their_product);
    tcase_add_test(tests, json_is_whole);
    tcase_add_test(tests, divergence_has_a_name);
    tcase_add_loop_test(tests, wrong_options_are_named, 0, 18);
    suite_add_tcase(suite, tests);
    return suite;
}
