/* Chosen columns are those of the whole output, in the order asked for; a table fits the window. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/columns.h"
#include "tests/program.h"

/* One of which the prediction is in closed form. */
#define WIDE "-L", "3", "-d", "256", "-H", "4", "-T", "3", "-F", "200", "-n", "4", "-q"
#define TINY "-L", "3", "-d", "12", "-H", "3", "-T", "3", "-F", "7", "-n", "4", "-q"

static char *line_of(char *text, int number)
{
    for (; number > 0 && text; number--) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    ck_assert_ptr_nonnull(text);
    return text;
}

struct words {
    char text[1024];
    char *at[32];
};

/* Words of a line, the ± parts left out, since these are parts of a cell. */
static int words_of(const char *line, struct words *words)
{
    int count = 0;
    snprintf(words->text, sizeof words->text, "%.*s", (int)strcspn(line, "\n"), line);
    for (char *word = strtok(words->text, " "); word && count < 32; word = strtok(NULL, " "))
        if (strncmp(word, "±", 2) != 0)
            words->at[count++] = word;
    return count;
}

/* g and q of the table of all, the other way round. */
START_TEST(tables_have_the_columns_asked_for)
{
    struct words all, few;
    struct program whole = PROGRAM("run", TINY), chosen = PROGRAM("run", TINY, "--columns", "g,activation_variance");
    ck_assert_int_eq(chosen.status, 0);
    char *head = strstr(chosen.out, "\nlayer"), *full = strstr(whole.out, "\nlayer");
    ck_assert(head && full);
    ck_assert_int_eq(words_of(line_of(head, 1), &few), 3);
    ck_assert_str_eq(few.at[1], "g");
    ck_assert_str_eq(few.at[2], "q");
    for (int l = 0; l <= 3; l++) {
        words_of(line_of(full, l + 2), &all);
        ck_assert_int_eq(words_of(line_of(head, l + 2), &few), 3);
        ck_assert_str_eq(few.at[1], all.at[4]); // layer q r cos g
        ck_assert_str_eq(few.at[2], all.at[1]);
    }
    ck_assert_ptr_nonnull(strstr(chosen.out, "  q          activation_variance: "));
    ck_assert_ptr_null(strstr(chosen.out, "token_cosine: mean over pairs"));
    program_free(&whole);
    program_free(&chosen);
}
END_TEST

/* Details have a column for each branch, and what the model has not, one without numbers. */
START_TEST(tables_have_details_that_are_asked_for)
{
    struct words words;
    struct program chosen = PROGRAM("predict", "-L", "2", "-q", "--columns", "branch_ratio,load,r late");
    ck_assert_msg(chosen.status == 0, "%s", chosen.err);
    char *head = strstr(chosen.out, "\nlayer");
    ck_assert_ptr_nonnull(head);
    ck_assert_int_eq(words_of(line_of(head, 1), &words), 6); // "r late" are two
    ck_assert_str_eq(words.at[1], "ratio.attn");
    ck_assert_str_eq(words.at[2], "ratio.ffn");
    ck_assert_str_eq(words.at[3], "load");
    ck_assert_int_eq(words_of(line_of(head, 4), &words), 5);
    ck_assert_str_eq(words.at[3], "-");
    ck_assert_str_ne(words.at[1], "-");
    ck_assert_str_ne(words.at[4], "-");
    program_free(&chosen);
}
END_TEST

/* Field number i, quotes and all; the caller frees. */
static char *field(const char *line, int i)
{
    bool quoted = false;
    for (; i > 0; line++) {
        ck_assert(*line && (quoted || *line != '\n'));
        quoted ^= *line == '"';
        i -= !quoted && *line == ',';
    }
    const char *end = line;
    for (; *end && (quoted || (*end != ',' && *end != '\n')); end++)
        quoted ^= *end == '"';
    return strndup(line, (size_t)(end - line));
}

static int place_of(const char *line, const char *name)
{
    for (int i = 0;; i++) {
        char *text = field(line, i);
        bool is = strcmp(text, name) == 0;
        free(text);
        if (is)
            return i;
    }
}

/* Every row of CSV, of two models whose formula has commas, against the row with all settings. */
START_TEST(csv_has_the_columns_asked_for)
{
    static const char *const names[] = {"formula", "mean", "layer", "samples", "n", "width", "observable"};
    static const char formula[] = "x = norm(x + attn(x, scale=0.3)); x = norm(x + ffn(x))";
    struct program whole = PROGRAM("run", WIDE, "-f", "csv", "--tidy", "-p", formula, "-p", "prenorm", "--predict"),
                   chosen = PROGRAM("run", WIDE, "-f", "csv", "-p", formula, "-p", "prenorm", "--predict", "--columns",
                                    "formula,mean,layer,samples,n,width,observable");
    ck_assert_msg(chosen.status == 0, "%s", chosen.err);
    ck_assert_int_eq(strncmp(chosen.out, "formula,mean,layer,samples,n,width,observable\n", 46), 0);
    int rows = 0, places[7];
    for (int i = 0; i < 7; i++)
        places[i] = place_of(whole.out, names[i]);
    char *a = line_of(whole.out, 1), *b = line_of(chosen.out, 1);
    for (; *a && *b; a = line_of(a, 1), b = line_of(b, 1), rows++)
        for (int i = 0; i < 7; i++) {
            char *x = field(a, places[i]), *y = field(b, i);
            ck_assert_str_eq(x, y);
            free(x);
            free(y);
        }
    ck_assert(!*a && !*b);
    ck_assert_int_gt(rows, 100);
    ck_assert_int_eq(line_of(chosen.out, 1)[0], '"');
    program_free(&whole);
    program_free(&chosen);
}
END_TEST

static const struct {
    const char *arguments[12];
    const char *words;
} mistakes[] = {
    {{"run", "--columns", "token_cosin"}, "unknown column 'token_cosin'; did you mean 'token_cosine'?"},
    {{"predict", "--columns", "q,,g"}, "unknown column ''"},
    {{"run", "--columns", "q,g,q"}, "--columns: 'q' is given twice"},
    {{"run", "--columns", "mean"}, "unknown column 'mean'; known are activation_variance"}, // of CSV
    {{"run", "-f", "csv", "--columns", "observble"}, "unknown column 'observble'; did you mean 'observable'?"},
    {{"run", "-f", "csv", "--columns", "ffn-width"}, "unknown column 'ffn-width'; did you mean 'ffn_width'?"},
    {{"run", "-f", "json", "--columns", "q"}, "--columns: json has none; choose --format table or csv"},
    {{"run", "--quantity", "gradient_ratio", "--columns", "q"}, "unknown column 'q'; did you mean 'c'?"},
    {{"run", "--quantity", "gradient_ratio", "--columns", "gradient_slope"},
     "--columns: 'gradient_slope' is not among --quantity"},
    {{"predict", "-f", "csv", "--quantity", "gradient_ratio", "--columns", "gradient_slope.lo"},
     "--columns: 'gradient_slope.lo' is not among --quantity"},
    {{"train", "--columns", "bayess"}, "unknown column 'bayess'; did you mean 'bayes'?"},
    {{"train", "-f", "csv", "--columns", "u,loss"}, "unknown column 'u'"}, // of the table
    {{"train", "-f", "json", "--columns", "loss"}, "--columns: json has none; choose --format table or csv"},
    {{"train", "--dry-run", "--columns", "loss"}, "--columns: of runs, which --dry-run has none of"},
    {{"verify", "--columns", "claims"}, "unknown column 'claims'; did you mean 'claim'?"},
    {{"verify", "-f", "json", "--columns", "claim"}, "--columns: json has none; choose --format table"},
    {{"verify", "--list", "--columns", "claim"}, "--columns: of verdicts, which --list has none of"},
    {{"run", "--columns", "q", "--columns", "g"}, "--columns is given twice, as 'q' and as 'g'"},
};

START_TEST(mistakes_are_named_before_anything_is_run)
{
    struct program program = program_start(mistakes[_i].arguments, NULL, NULL);
    ck_assert_int_eq(program.status, 2);
    ck_assert_msg(strstr(program.err, mistakes[_i].words) != NULL, "'%s' is not in: %s", mistakes[_i].words,
                  program.err);
    ck_assert_str_eq(program.out, "");
    program_free(&program);
}
END_TEST

/* Columns of the widest line on a terminal: characters, not bytes. */
static int widest(const char *text)
{
    int most = 0;
    for (int used = 0; *text; text++) {
        used = *text == '\n' || *text == '\r' ? 0 : used + (((unsigned char)*text & 0xC0) != 0x80);
        most = used > most ? used : most;
    }
    return most;
}

START_TEST(tables_fit_the_window)
{
    static const int windows[] = {24, 40, 80, 120, 200};
    char *before = NULL;
    for (int i = 0; i < 5; i++) {
        const char *const arguments[] = {"run", TINY, NULL}, *const predicted[] = {"predict", "-L", "3", "--bounds",
                                                                                   NULL};
        char *text = program_window(arguments, windows[i]), *bounds = program_window(predicted, windows[i]);
        ck_assert_int_le(widest(text), windows[i] < 25 ? 25 : windows[i]);   // "(d/dx)^2" and such are no shorter
        ck_assert_int_le(widest(bounds), windows[i] < 32 ? 32 : windows[i]); // nor is one column beside its margin
        ck_assert_ptr_nonnull(strstr(text, "\nlayer         q"));
        ck_assert(windows[i] >= 142 || strstr(text, "(no room for"));
        ck_assert(windows[i] < 142 || (strstr(text, "relative") && !strstr(text, "no room")));
        ck_assert(!before || strcmp(before, text) != 0);
        free(before);
        before = text;
        free(bounds);
    }
    free(before);
    const char *const asked[] = {"run", TINY, "--columns", "q,r,cos,g,r(g),g specific,entropy", NULL};
    char *text = program_window(asked, 40); // what was asked for is shown
    ck_assert_ptr_nonnull(strstr(text, "g specific         entropy"));
    free(text);
}
END_TEST

START_TEST(reports_fit_the_window)
{
    const char *const arguments[] = {"verify", "--tier", "smoke", "-q", "post-variance", NULL};
    char *narrow = program_window(arguments, 72), *wide = program_window(arguments, 200);
    ck_assert_int_le(widest(narrow), 72);
    ck_assert_ptr_nonnull(strstr(narrow, "interval"));
    ck_assert_ptr_nonnull(strstr(narrow, "(no room for bound, tests, samples, seconds; --columns chooses)"));
    ck_assert_int_eq(widest(wide), 125);
    ck_assert_ptr_null(strstr(wide, "no room"));
    free(narrow);
    free(wide);
}
END_TEST

#define SHORT "-L", "2", "-d", "8", "-H", "2", "-T", "6", "--steps", "4", "-B", "2", "-q"
#define SMALL "-L", "2,3", "-d", "8", "-H", "2", "-T", "3", "-n", "4", "-q"

/* The columns of another table, in another order, with their cells. */
static void same_columns(const char *all, const char *few, const char *names, int rows)
{
    struct words heads, some, cells, chosen;
    int count = words_of(all, &heads), asked = words_of(few, &some);
    char list[256] = "";
    for (int c = 0; c < asked; c++)
        strcat(strcat(list, c > 0 ? "," : ""), some.at[c]);
    ck_assert_str_eq(list, names);
    for (int r = 1; r <= rows; r++) {
        ck_assert_int_ge(words_of(line_of((char *)(uintptr_t)all, r), &cells), count);
        words_of(line_of((char *)(uintptr_t)few, r), &chosen);
        for (int c = 0; c < asked; c++)
            for (int i = 0; i < count; i++)
                if (strcmp(some.at[c], heads.at[i]) == 0)
                    ck_assert_str_eq(chosen.at[c], cells.at[i]);
    }
}

START_TEST(runs_and_quantities_have_the_columns_asked_for)
{
    struct program runs = PROGRAM("train", SHORT, "--lr", "1e-3,2e-3"),
                   some = PROGRAM("train", SHORT, "--lr", "1e-3,2e-3", "--columns", "u,lr,init,loss"),
                   stacks = PROGRAM("run", SMALL, "--quantity", "gradient_ratio,gradient_slope"),
                   few = PROGRAM("run", SMALL, "--quantity", "gradient_ratio,gradient_slope", "--columns",
                                 "gradient_slope,layers,kind");
    ck_assert_msg(some.status == 0 && few.status == 0, "%s%s", some.err, few.err);
    same_columns(strstr(runs.out, "\n\n") + 2, strstr(some.out, "\n\n") + 2, "u,lr,init,loss", 2);
    same_columns(stacks.out, few.out, "gradient_slope,layers,kind", 2);
    struct program *all[] = {&runs, &some, &stacks, &few};
    for (int i = 0; i < 4; i++)
        program_free(all[i]);
}
END_TEST

/* Every row against that with all columns; of what the optimiser has not, an empty field. */
static void same_fields(const struct program *whole, const struct program *chosen, const char *const *names, int count)
{
    int rows = 0;
    ck_assert_msg(chosen->status == 0, "%s", chosen->err);
    for (char *a = whole->out, *b = chosen->out; *a || *b; a = line_of(a, 1), b = line_of(b, 1), rows++)
        for (int i = 0; i < count; i++) {
            bool known = strcmp(names[i], "momentum") != 0;
            char *x = known ? field(a, place_of(whole->out, names[i])) : strdup(rows == 0 ? "momentum" : "");
            char *y = field(b, i);
            ck_assert_str_eq(x, y);
            free(x);
            free(y);
        }
    ck_assert_int_gt(rows, 2);
}

START_TEST(csv_of_runs_and_quantities_has_the_columns_asked_for)
{
    static const char *const of_runs[] = {"loss", "formula", "momentum", "beta1", "step", "tokens"},
                             *const of_stacks[] = {"gradient_slope.hi", "tokens", "n", "gradient_ratio", "engine"};
    struct program whole = PROGRAM("train", SHORT, "-f", "csv", "--tidy"),
                   some = PROGRAM("train", SHORT, "-f", "csv", "--columns", "loss,formula,momentum,beta1,step,tokens"),
                   stacks = PROGRAM("run", SMALL, "-f", "csv", "--tidy", "--quantity", "gradient_ratio,gradient_slope"),
                   few = PROGRAM("run", SMALL, "-f", "csv", "--quantity", "gradient_ratio,gradient_slope", "--columns",
                                 "gradient_slope.hi,tokens,n,gradient_ratio,engine");
    same_fields(&whole, &some, of_runs, 6);
    same_fields(&stacks, &few, of_stacks, 5);
    struct program *all[] = {&whole, &some, &stacks, &few};
    for (int i = 0; i < 4; i++)
        program_free(all[i]);
}
END_TEST

START_TEST(tables_of_runs_and_quantities_fit_the_window)
{
    static const int windows[] = {32, 48, 80, 130};
    for (int i = 0; i < 4; i++) {
        const char *const runs[] = {"train", SHORT, "--lr", "1e-3,20", NULL};
        const char *const stacks[] = {"run", SMALL, "--quantity", "gradient_ratio,gradient_slope", NULL};
        char *trained = program_window(runs, windows[i]), *sampled = program_window(stacks, windows[i]);
        ck_assert_int_le(widest(trained), windows[i]);
        ck_assert_int_le(widest(sampled), windows[i]);
        ck_assert_ptr_nonnull(strstr(trained, " lr"));
        ck_assert_ptr_nonnull(strstr(sampled, "layers"));
        ck_assert_int_eq(strstr(trained, "no room") == NULL, windows[i] == 130);
        ck_assert_int_eq(strstr(sampled, "no room") == NULL, windows[i] >= 80);
        free(trained);
        free(sampled);
    }
}
END_TEST

/* No line is too long but a word alone; words, blanks aside, are as they were. */
START_TEST(lines_are_folded_at_blanks)
{
    static const char text[] = "one two  three\n  a: ± ± ± ± ± ± ± ± four\nincomprehensibilities five\n";
    char *folded = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&folded, &length);
    columns_fold(text, 12, 5, stream);
    fclose(stream);
    static const char lines[] = "one two\n     three\n  a: ± ± ± ±\n     ± ± ± ±\n     four\n"
                                "incomprehensibilities\n     five\n";
    ck_assert_str_eq(folded, lines);
    free(folded);
    stream = open_memstream(&folded, &length);
    columns_fold(text, 0, 5, stream);
    fclose(stream);
    ck_assert_str_eq(folded, text);
    free(folded);
}
END_TEST

Suite *columns_suite(void)
{
    Suite *suite = suite_create("columns");
    TCase *columns = tcase_create("columns");
    tcase_add_checked_fixture(columns, program_setup, program_teardown);
    tcase_set_timeout(columns, 60);
    tcase_add_test(columns, tables_have_the_columns_asked_for);
    tcase_add_test(columns, tables_have_details_that_are_asked_for);
    tcase_add_test(columns, csv_has_the_columns_asked_for);
    tcase_add_loop_test(columns, mistakes_are_named_before_anything_is_run, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(columns, tables_fit_the_window);
    tcase_add_test(columns, reports_fit_the_window);
    tcase_add_test(columns, runs_and_quantities_have_the_columns_asked_for);
    tcase_add_test(columns, csv_of_runs_and_quantities_has_the_columns_asked_for);
    tcase_add_test(columns, tables_of_runs_and_quantities_fit_the_window);
    tcase_add_test(columns, lines_are_folded_at_blanks);
    suite_add_tcase(suite, columns);
    return suite;
}
